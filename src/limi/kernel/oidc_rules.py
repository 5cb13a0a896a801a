"""What `[oidc]` must hold together: half a description of an issuer would let in nobody, or too many."""

from urllib.parse import urlsplit

from limi.kernel.principal import Scope
from limi.kernel.settings import OIDCSettings, SettingsError

__all__ = ["check_oidc"]


def check_oidc(settings: OIDCSettings) -> None:
    """Refuse what no operator can have meant.

    Raises:
        SettingsError: naming the setting and what to do.
    """
    if settings.issuer is None:
        _refuse_leftovers(settings)
        return
    _check_url(settings.issuer, "LIMI_OIDC_ISSUER (oidc.issuer)")
    if "?" in settings.issuer:
        raise SettingsError("LIMI_OIDC_ISSUER (oidc.issuer) must have no query: issuers have none.")
    if settings.jwks_url is not None:
        _check_url(settings.jwks_url, "LIMI_OIDC_JWKS_URL (oidc.jwks_url)")
    if not settings.audience:
        raise SettingsError(
            "LIMI_OIDC_AUDIENCE (oidc.audience) is required with LIMI_OIDC_ISSUER: without it a token that the "
            "issuer made for any other application would be let in here."
        )
    if not settings.algorithms:
        raise SettingsError("LIMI_OIDC_ALGORITHMS (oidc.algorithms) must name one at least.")
    if settings.tenant is not None and settings.tenant_claim is not None:
        raise SettingsError(
            "LIMI_OIDC_TENANT and LIMI_OIDC_TENANT_CLAIM exclude each other: the tenant is fixed, or the token's."
        )
    if Scope.ADMIN in settings.default_scopes:
        raise SettingsError(
            "LIMI_OIDC_DEFAULT_SCOPES (oidc.default_scopes) must not hold admin, or every user of the issuer "
            "would be an operator; give it to a role by LIMI_OIDC_SCOPES."
        )


def _refuse_leftovers(settings: OIDCSettings) -> None:
    defaults = OIDCSettings()
    given = [
        name
        for name in OIDCSettings.__struct_fields__
        if name != "issuer" and getattr(settings, name) != getattr(defaults, name)
    ]
    if given:
        raise SettingsError(f"LIMI_OIDC_ISSUER (oidc.issuer) is required where [oidc] sets {', '.join(given)}.")


def _check_url(url: str, setting: str) -> None:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or "@" in parts.netloc or parts.fragment:
        raise SettingsError(f"{setting} must be an https URL with a host, without user name or fragment.")
