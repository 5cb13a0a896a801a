"""Which descriptions of an issuer stop the start."""

from typing import Any

import pytest

from limi.adapters.configuration import load_settings
from limi.kernel.oidc_rules import check_oidc
from limi.kernel.settings import OIDCSettings, SettingsError

GOOD = {"LIMI_OIDC_ISSUER": "https://login.example.com/", "LIMI_OIDC_AUDIENCE": "limi"}


def test_without_an_issuer_nothing_is_asked() -> None:
    check_oidc(OIDCSettings())


def test_an_issuer_and_an_audience_are_enough() -> None:
    oidc = load_settings(GOOD).oidc
    check_oidc(oidc)
    assert (oidc.issuer, oidc.audience) == ("https://login.example.com/", ("limi",))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"LIMI_OIDC_AUDIENCE": ""}, "LIMI_OIDC_AUDIENCE"),
        ({"LIMI_OIDC_ISSUER": ""}, "sets audience"),
        ({"LIMI_OIDC_ISSUER": "https://:443"}, "LIMI_OIDC_ISSUER"),
        ({"LIMI_OIDC_ISSUER": "https://user:pass@login.example.com"}, "user name"),
        ({"LIMI_OIDC_ISSUER": "https://login.example.com?a=b"}, "query"),
        ({"LIMI_OIDC_ISSUER": "https://login.example.com:0"}, "host"),
        ({"LIMI_OIDC_JWKS_URL": "https://[::1/keys"}, "LIMI_OIDC_JWKS_URL"),
        ({"LIMI_OIDC_TENANT": "acme", "LIMI_OIDC_TENANT_CLAIM": "org"}, "exclude"),
        ({"LIMI_OIDC_DEFAULT_SCOPES": "mint,admin"}, "admin"),
    ],
)
def test_what_no_operator_can_have_meant_is_refused(changes: dict[str, str], said: str) -> None:
    settings = load_settings({**GOOD, **changes})
    with pytest.raises(SettingsError, match=said):
        check_oidc(settings.oidc)


def test_no_algorithm_at_all_is_refused() -> None:
    with pytest.raises(SettingsError, match="ALGORITHMS"):
        check_oidc(OIDCSettings(issuer="https://login.example.com", audience=("limi",), algorithms=()))


@pytest.mark.parametrize(
    "changes",
    [
        {"LIMI_OIDC_ISSUER": "http://login.example.com"},
        {"LIMI_OIDC_ISSUER": "http://127.0.0.1:8080"},
        {"LIMI_OIDC_JWKS_URL": "http://login.example.com/keys"},
        {"LIMI_OIDC_ALGORITHMS": "HS256"},
        {"LIMI_OIDC_ALGORITHMS": "none"},
        {"LIMI_OIDC_SCOPES": '{"staff": "everything"}'},
        {"LIMI_OIDC_LEEWAY_SECONDS": "3600"},
        {"LIMI_OIDC_REFETCH_SECONDS": "1"},
    ],
)
def test_what_is_never_right_is_refused_when_it_is_read(changes: dict[str, Any]) -> None:
    """Keys come over https alone, on this machine too: for tests an authority is added by SSL_CERT_FILE."""
    with pytest.raises(SettingsError, match="LIMI_OIDC"):
        load_settings({**GOOD, **changes})
