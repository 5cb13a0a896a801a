"""Who is calling: the answer of authentication, passed on to whatever decides or records."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ClientKind", "Principal", "Scope"]


class Scope(StrEnum):
    """What a credential allows."""

    MINT = "mint"
    STATS = "stats"
    ADMIN = "admin"


class ClientKind(StrEnum):
    """The kind of device an anonymous caller uses, told from its user agent; limits differ by it."""

    MOBILE = "mobile"
    DESKTOP = "desktop"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One authenticated or anonymous caller.

    `caller` names it in records: `key:<id>` for a credential, `ip:<address>` for an anonymous caller. It is what
    limits and idempotency are counted by, so an anonymous IPv6 caller is its /64: one household has that many
    addresses.
    """

    caller: str
    scopes: frozenset[Scope]
    tenant: str | None = None
    anonymous: bool = False

    def may(self, scope: Scope) -> bool:
        """Say whether the caller holds `scope`; the admin scope includes every other."""
        return scope in self.scopes or Scope.ADMIN in self.scopes
