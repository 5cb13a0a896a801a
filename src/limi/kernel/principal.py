"""Who is calling: the answer of authentication, passed on to whatever decides or records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["SYSTEM", "ClientKind", "Principal", "Scope"]


class Scope(StrEnum):
    """What a credential allows."""

    MINT = "mint"
    CALLS = "calls"
    STATS = "stats"
    ADMIN = "admin"
    WEBHOOK = "webhook"


class ClientKind(StrEnum):
    """The kind of device an anonymous caller uses, told from its user agent; limits differ by it."""

    MOBILE = "mobile"
    DESKTOP = "desktop"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One authenticated or anonymous caller.

    `caller` names it in records: `key:<id>` for a key of Limi, `user:<subject>` for the bearer of another issuer's
    token, `ip:<address>` for an anonymous caller. Limits and idempotency are counted by it and the tenant
    (`account`), so an anonymous IPv6 caller is its /64: one household has that many addresses.
    """

    caller: str
    scopes: frozenset[Scope]
    tenant: str | None = None
    """None for callers who belong to no tenant: anonymous ones, and operators of all tenants."""
    anonymous: bool = False
    user: str | None = None
    """The subject of a token, None for other callers."""
    models: frozenset[str] | None = None
    """Names of the models it may ask for; None for all."""
    profiles: frozenset[str] | None = None
    """Names of the profiles it may use; None for all."""
    max_ttl_seconds: int | None = None
    """Longest life of an ephemeral key handed to it; None leaves that to the profile."""
    tokens_per_minute: int | None = None
    """Its own limit; None for that of its tenant's callers, else of the environment."""
    tenant_tokens_per_minute: int | None = None
    """The limit of its whole tenant; None for none."""
    tenant_connections_per_minute: int | None = None
    """The same for connections."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What a token says of its bearer, for profiles that declare variables of these names."""

    @property
    def account(self) -> str:
        """Return what it is counted by: two tenants may each have a user of the same name."""
        return self.caller if self.tenant is None else f"{self.tenant}/{self.caller}"

    def may(self, scope: Scope) -> bool:
        """Say whether the caller holds `scope`; the admin scope includes every other."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


SYSTEM: Final = Principal(caller="system", scopes=frozenset({Scope.ADMIN}))
"""Whoever may run commands on the server's own machine; no request is ever this principal."""
