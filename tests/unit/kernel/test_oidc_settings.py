"""What holds of tokens before anyone sets anything."""

from typing import get_args, get_type_hints

from limi.adapters.configuration import load_settings
from limi.kernel.oidc_settings import OIDCSettings
from limi.kernel.principal import Scope


def test_no_token_is_accepted_unless_an_issuer_is_named() -> None:
    assert load_settings({}).oidc == OIDCSettings()
    assert OIDCSettings().issuer is None


def test_the_promises_are_the_defaults() -> None:
    oidc = OIDCSettings()
    assert (oidc.leeway_seconds, oidc.refetch_seconds, oidc.default_scopes) == (60, 60, (Scope.MINT,))


def test_signatures_are_asymmetric_alone() -> None:
    (algorithm, _) = get_args(get_type_hints(OIDCSettings)["algorithms"])
    assert set(get_args(algorithm)) == set(OIDCSettings().algorithms)
    assert not [name for name in get_args(algorithm) if name.startswith(("HS", "none"))]


def test_scopes_are_given_by_words_of_the_operators_choice() -> None:
    settings = load_settings({"LIMI_OIDC_SCOPES": '{"staff": "admin"}', "LIMI_OIDC_DEFAULT_SCOPES": "mint,calls"})
    assert settings.oidc.scopes == {"staff": Scope.ADMIN}
    assert settings.oidc.default_scopes == (Scope.MINT, Scope.CALLS)
