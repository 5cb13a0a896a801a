"""The settings of tokens that an issuer signs."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from limi.kernel.principal import Scope
from limi.kernel.secret import Secret
from limi.kernel.setting_fields import NonEmpty, SettingsGroup, setting

__all__ = ["OIDCSettings"]

SignatureAlgorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""How a token may be signed: by keys of which we hold the public half only."""
IssuerURL = Annotated[str, msgspec.Meta(pattern=r"^https://[!-~]+\Z")]


class OIDCSettings(SettingsGroup, frozen=True):
    """Tokens of a login of your own: JWTs that one OpenID Connect issuer signs."""

    issuer: Annotated[
        IssuerURL | None,
        setting(
            "The issuer, exactly as its tokens spell it in `iss`, https only. Unset: no tokens are accepted.",
            env="LIMI_OIDC_ISSUER",
        ),
    ] = None
    audience: Annotated[
        tuple[str, ...],
        setting(
            "What `aud` must name, one of them at least: it keeps out tokens made for other applications.",
            env="LIMI_OIDC_AUDIENCE",
        ),
    ] = ()
    jwks_url: Annotated[
        IssuerURL | None,
        setting("Where the issuer's keys are, https only. Unset: where its discovery document says."),
    ] = None
    algorithms: Annotated[tuple[SignatureAlgorithm, ...], setting("Signatures that are accepted.")] = (
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
    )
    user_claim: Annotated[
        str, setting("The claim that names the user, who is limited and recorded by it.", min_length=1)
    ] = "sub"
    tenant: Annotated[NonEmpty | None, setting("The tenant of every token. Unset: none.")] = None
    tenant_claim: Annotated[
        NonEmpty | None, setting("The claim that names the tenant; a token without it is refused.")
    ] = None
    scope_claim: Annotated[
        str, setting("The claim that holds scopes or roles: words in a text, or a list.", min_length=1)
    ] = "scope"
    scopes: Annotated[
        Mapping[str, Scope],
        setting("Words of that claim, each with the scope of Limi it gives; other words give none."),
    ] = {}
    default_scopes: Annotated[tuple[Scope, ...], setting("What every valid token may do; never `admin`.")] = (
        Scope.MINT,
    )
    variables: Annotated[
        Mapping[str, str],
        setting("Variables of profiles, each with the claim that fills it; requests cannot override those."),
    ] = {}
    proxy: Annotated[
        Secret | None,
        setting(
            "Proxy towards the issuer, as `upstream.proxy`. Unset: HTTPS_PROXY, unless NO_PROXY names its host."
        ),
    ] = None
    leeway_seconds: Annotated[
        int, setting("How far the issuer's clock may be off, for `exp`, `nbf` and `iat`.", ge=0, le=300)
    ] = 60
    keys_seconds: Annotated[
        float,
        setting("How long the issuer's keys are used before they are asked for again.", ge=60, le=86_400),
    ] = 600.0
    stale_seconds: Annotated[
        float,
        setting(
            "How long beyond that they are used while the issuer cannot be reached: about a token's usual life.",
            ge=0,
            le=86_400,
        ),
    ] = 3600.0
    refetch_seconds: Annotated[
        float,
        setting("Shortest time between two requests for keys because of one that is not known.", ge=60, le=3600),
    ] = 60.0
    timeout_seconds: Annotated[float, setting("Longest wait for one answer of the issuer.", gt=0, le=60)] = 5.0
    max_response_bytes: Annotated[
        int, setting("Largest answer read from the issuer; key sets are a few KB.", ge=4096)
    ] = 262_144
    max_token_bytes: Annotated[
        int, setting("Longest token looked at; usual ones are 1 to 2 KB.", ge=512, le=65_536)
    ] = 8192
    cache_entries: Annotated[
        int, setting("Checked tokens remembered, so that a signature is checked once for each.", ge=1)
    ] = 10_000
