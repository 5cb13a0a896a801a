"""The usual variables name the proxy, as curl and others read them."""

import pytest

from limi.adapters.configuration import load_settings
from limi.adapters.proxies import is_usable_proxy, proxy_from
from limi.kernel.secret import Secret
from limi.kernel.settings import SettingsError

PROXY = "http://proxy.example:3128"
OPENAI = "https://api.openai.com/v1"
KEY = {"OPENAI_API_KEY": "sk-main-key-of-a-test"}


@pytest.mark.parametrize(
    ("environ", "url", "found"),
    [
        ({"HTTPS_PROXY": PROXY}, OPENAI, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, OPENAI, PROXY),
        ({"http_proxy": PROXY}, "http://gateway.example/v1", PROXY),
        ({"http_proxy": PROXY}, OPENAI, None),
        ({"HTTP_PROXY": PROXY}, "http://gateway.example/v1", None),
        ({"HTTPS_PROXY": ""}, OPENAI, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "example.com,openai.com"}, OPENAI, None),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "*"}, OPENAI, None),
        ({"HTTPS_PROXY": PROXY, "no_proxy": " .OpenAI.com "}, OPENAI, None),
        ({"http_proxy": PROXY, "no_proxy": "a.example:81"}, "http://a.example:81/v1", None),
        ({"http_proxy": PROXY, "no_proxy": "a.example:81"}, "http://a.example:82/v1", PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "notopenai.com"}, OPENAI, PROXY),
        ({"HTTPS_PROXY": PROXY, "http_proxy": PROXY}, "http://127.0.0.1:3010/v1", None),
        ({"HTTPS_PROXY": PROXY, "http_proxy": PROXY}, "http://localhost:3010/v1", None),
        ({"http_proxy": PROXY}, "http://[::1]:3010/v1", None),
        ({"HTTPS_PROXY": PROXY}, "https://host:99999", None),
    ],
)
def test_the_proxy_for_a_url(environ: dict[str, str], url: str, found: str | None) -> None:
    assert proxy_from(environ, url) == found


@pytest.mark.parametrize(
    "proxy", ["socks5://proxy:1080", "proxy:3128", "https://proxy", "http://", "http://p:99999"]
)
def test_other_kinds_are_not_spoken(proxy: str) -> None:
    assert not is_usable_proxy(proxy)


class TestSettings:
    def test_the_variable_becomes_a_setting_and_is_a_secret(self) -> None:
        found = load_settings({**KEY, "HTTPS_PROXY": PROXY}).upstream.proxy
        assert found == Secret(PROXY)

    def test_what_was_set_for_limi_wins(self) -> None:
        own = "http://user:pass@own.example:8080"
        environ = {**KEY, "HTTPS_PROXY": PROXY, "LIMI_UPSTREAM_PROXY": own}
        assert load_settings(environ).upstream.proxy == Secret(own)

    def test_the_sandbox_inside_needs_none(self) -> None:
        assert load_settings({"HTTPS_PROXY": "socks5://proxy:1080"}).upstream.proxy is None

    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "LIMI_UPSTREAM_PROXY", "LIMI_WEBHOOKS_PROXY"])
    def test_one_that_is_not_spoken_stops_the_start_and_is_not_quoted(self, name: str) -> None:
        with pytest.raises(SettingsError, match=f"{name}.*must be a URL such as") as caught:
            load_settings({**KEY, name: "socks5://user:secret@proxy:1080"})
        assert "secret" not in str(caught.value)

    def test_webhooks_go_through_one_only_where_that_is_said(self) -> None:
        """Whether this server can look up the names of endpoints is another question than where upstream is."""
        assert load_settings({**KEY, "HTTPS_PROXY": PROXY}).webhooks.proxy is None
        assert load_settings({**KEY, "LIMI_WEBHOOKS_PROXY": PROXY}).webhooks.proxy == Secret(PROXY)
