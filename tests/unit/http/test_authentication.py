"""Who is calling."""

import pytest

from limi.http.authentication import Authenticator, anonymous, client_kind
from limi.http.errors import Refusal
from limi.kernel.principal import ClientKind, Scope
from limi.kernel.secret import Secret
from tests.unit.http.harness import make_context, make_scope

_KEY = "limi_admin_unit_0123456789"


def _authenticator(*, allow_anonymous: bool = True) -> Authenticator:
    return Authenticator(admin_key=Secret(_KEY), allow_anonymous=allow_anonymous)


def test_the_operator_holds_every_scope() -> None:
    principal = _authenticator().identify(make_scope("GET", "/", (b"authorization", b"Bearer " + _KEY.encode())))
    assert principal is not None
    assert not principal.anonymous
    assert all(principal.may(scope) for scope in Scope)


def test_nobody_is_identified_without_a_credential() -> None:
    assert _authenticator().identify(make_scope()) is None


@pytest.mark.parametrize(
    "value", [b"", b"Bearer", b"Bearer \xff", b"Bearer a b", b"Basic eA==", b"bearer:" + b"x"]
)
def test_a_credential_that_is_not_valid_is_refused(value: bytes) -> None:
    scope = make_scope("GET", "/", (b"authorization", value), context=make_context())
    for ask in (_authenticator().identify, lambda scope: _authenticator().admit(scope, Scope.MINT)):
        with pytest.raises(Refusal) as refused:
            ask(scope)
        assert refused.value.code == "auth_required"
        assert (b"www-authenticate", b'Bearer realm="limi"') in refused.value.headers


def test_an_anonymous_caller_is_admitted_where_the_settings_allow() -> None:
    principal = _authenticator().admit(make_scope(context=make_context()), Scope.MINT)
    assert (principal.caller, principal.anonymous) == ("ip:203.0.113.7", True)
    with pytest.raises(Refusal):
        _authenticator(allow_anonymous=False).admit(make_scope(context=make_context()), Scope.MINT)


def test_an_anonymous_caller_may_mint_and_nothing_else() -> None:
    principal = anonymous("203.0.113.7")
    assert [scope for scope in Scope if principal.may(scope)] == [Scope.MINT]


USER_AGENTS = {
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Mobile/15E148": ClientKind.MOBILE,
    "Mozilla/5.0 (Linux; Android 16; Pixel 10) Chrome/140": ClientKind.MOBILE,
    "MyApp/1 CFNetwork/3826 Darwin/25": ClientKind.MOBILE,
    "okhttp/5.1": ClientKind.MOBILE,
    "Expo/1017756": ClientKind.MOBILE,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/140": ClientKind.DESKTOP,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605": ClientKind.DESKTOP,
    "Mozilla/5.0 (X11; CrOS x86_64) Chrome/140": ClientKind.DESKTOP,
    "limi Electron/38": ClientKind.DESKTOP,
    "curl/8.15": ClientKind.OTHER,
    "python-httpx/0.28": ClientKind.OTHER,
    "": ClientKind.OTHER,
}


@pytest.mark.parametrize("user_agent", USER_AGENTS)
def test_the_kind_of_a_client(user_agent: str) -> None:
    assert client_kind(user_agent) is USER_AGENTS[user_agent]


def test_without_a_user_agent_a_client_is_of_no_kind() -> None:
    assert client_kind(None) is ClientKind.OTHER
