import pytest

from limi.http.frontends import frontend_of, told_frontend
from limi.kernel.frontends import Frontend
from tests.unit.http.harness import make_context, make_scope

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
ELECTRON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/134.0.0.0 Electron/35.1.2 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("client", "frontend"),
    [
        (b"react/1.0.0", Frontend.REACT),
        (b"Vue/3", Frontend.VUE),
        (b"angular", Frontend.ANGULAR),
        (b" electron/1.0.0 ", Frontend.ELECTRON),
        (b"mobile/2.1", Frontend.MOBILE),
        (b"react-native/1.0.0", Frontend.MOBILE),
        (b"unknown/1", Frontend.UNKNOWN),
        (b"svelte/1.0.0", Frontend.UNKNOWN),
        (b"react 1.0.0", Frontend.UNKNOWN),
        (b"react/1.0.0, vue/1.0.0", Frontend.UNKNOWN),
        (b"re\xffact", Frontend.UNKNOWN),
        (b"x" * 9000, Frontend.UNKNOWN),
        (b"", Frontend.UNKNOWN),
    ],
)
def test_an_application_says_what_it_is(client: bytes, frontend: Frontend) -> None:
    assert told_frontend(client, None) is frontend


@pytest.mark.parametrize(
    ("user_agent", "frontend"),
    [
        (IPHONE, Frontend.MOBILE),
        ("okhttp/4.12.0", Frontend.MOBILE),
        (ELECTRON, Frontend.ELECTRON),
        (FIREFOX, Frontend.UNKNOWN),
        ("curl/8", Frontend.UNKNOWN),
        (None, Frontend.UNKNOWN),
    ],
)
def test_else_the_user_agent_tells(user_agent: str | None, frontend: Frontend) -> None:
    assert told_frontend(None, user_agent) is frontend
    assert told_frontend(b"nonsense/1", user_agent) is frontend


def test_its_own_word_goes_before_the_user_agent() -> None:
    context = make_context(user_agent=IPHONE)
    scope = make_scope("POST", "/", (b"x-limi-client", b"vue/3.5.0"), context=context)
    assert frontend_of(scope) is Frontend.VUE
    assert frontend_of(make_scope(context=context)) is Frontend.MOBILE
