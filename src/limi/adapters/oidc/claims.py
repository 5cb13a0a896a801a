"""What a token says, checked and turned into a caller (RFC 7519 §4).

A claim that is missing or odd where it matters refuses the token; none is guessed.
"""

import re
from collections.abc import Mapping
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from limi.kernel.clock import Clock
from limi.kernel.principal import Principal, Scope
from limi.kernel.settings import OIDCSettings
from limi.kernel.tokens import InvalidTokenError

__all__ = ["ClaimRules", "Claims"]

Claims = Mapping[str, object]

_USER: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")
"""As OpenID Connect bounds `sub`, without spaces: it goes into records, logs and keys of windows."""
_TENANT: Final = re.compile(r"[a-z0-9-]{1,40}\Z")
_LONGEST_VARIABLE: Final = 1000
"""Characters of a claim that fills a profile's variable; names and places need a hundredth of that."""


class ClaimRules:
    """Knows whose tokens are good here, and who their bearers are."""

    def __init__(self, settings: OIDCSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._registry = JWTClaimsRegistry(
            now=lambda: int(clock.now()),
            leeway=settings.leeway_seconds,
            iss={"essential": True, "value": settings.issuer or ""},
            aud={"essential": True, "values": list(settings.audience)},
            exp={"essential": True},
        )

    def check(self, claims: dict[str, object]) -> float:
        """Return until when the token is good, in Unix seconds.

        Raises:
            InvalidTokenError: issuer, audience or times do not fit.
        """
        try:
            self._registry.validate(claims)
        except JoseError as exc:
            # Its text names the claim and never the value.
            raise InvalidTokenError(str(exc)) from exc
        expires = claims["exp"]
        assert isinstance(expires, int | float)  # noqa: S101 - checked above
        return expires + self._settings.leeway_seconds

    def principal(self, claims: Claims) -> Principal:
        """Return who bears the token.

        Raises:
            InvalidTokenError: a claim that names user or tenant is missing or malformed.
        """
        user = _text(claims, self._settings.user_claim, _USER)
        tenant = self._settings.tenant
        if self._settings.tenant_claim is not None:
            tenant = _text(claims, self._settings.tenant_claim, _TENANT)
        return Principal(
            caller=f"user:{user}",
            user=user,
            tenant=tenant,
            scopes=self._scopes(claims),
            variables=self._variables(claims),
        )

    def _scopes(self, claims: Claims) -> frozenset[Scope]:
        said = claims.get(self._settings.scope_claim)
        words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
        scopes = self._settings.scopes
        given = {scopes[word] for word in words if isinstance(word, str) and word in scopes}
        return frozenset({*self._settings.default_scopes, *given})

    def _variables(self, claims: Claims) -> Mapping[str, str]:
        """Return those whose claims are texts or whole numbers; what is missing keeps the profile's default."""
        found: dict[str, str] = {}
        for name, claim in self._settings.variables.items():
            value = claims.get(claim)
            if isinstance(value, str | int) and not isinstance(value, bool):
                found[name] = str(value)[:_LONGEST_VARIABLE]
        return found


def _text(claims: Claims, name: str, pattern: re.Pattern[str]) -> str:
    value = claims.get(name)
    if isinstance(value, str) and pattern.match(value):
        return value
    msg = f"the claim {name} is missing or malformed"
    raise InvalidTokenError(msg)
