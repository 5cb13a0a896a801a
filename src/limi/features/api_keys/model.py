"""What is known of a key of Limi."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from limi.kernel.principal import Scope
from limi.kernel.secret import Secret

__all__ = ["ApiKey", "IssuedKey", "KeyID", "KeyStatus", "NewKey", "StoredKey"]

KeyID = NewType("KeyID", str)
"""8 characters of a–z 2–7, part of the token and of `caller` in records."""


class KeyStatus(StrEnum):
    """Whether a key opens anything."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One key, without anything that opens. Times are Unix seconds."""

    id: KeyID
    name: str
    scopes: frozenset[Scope]
    tenant: str | None = None
    """None for a key of the operator's, which belongs to no tenant."""
    origins: frozenset[str] | None = None
    """Origins whose pages may use it, and nothing else then; None for every use."""
    models: frozenset[str] | None = None
    """Names of the models it may ask for; None for all."""
    profiles: frozenset[str] | None = None
    """Names of the profiles it may use; None for all."""
    max_ttl_seconds: int | None = None
    """Longest life of an ephemeral key made with it; None leaves that to the profile."""
    tokens_per_minute: int | None = None
    """Its own limit; None for its tenant's, else the environment's."""
    created_at: float
    created_by: str
    """Who made it, as `Principal.caller`."""
    expires_at: float | None = None
    rotated_at: float | None = None
    previous_until: float | None = None
    """Until when the token before the last rotation works."""
    revoked_at: float | None = None
    last_used_at: float | None = None
    """Exact to the minute."""

    @property
    def prefix(self) -> str:
        """Return the readable beginning of its token, which may be shown."""
        return f"limi_sk_{self.id}"

    def status(self, now: float) -> KeyStatus:
        """Say whether it opens anything at `now`."""
        if self.revoked_at is not None:
            return KeyStatus.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyStatus.EXPIRED
        return KeyStatus.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as it is kept: with keyed hashes of its tokens."""

    key: ApiKey
    token_hash: bytes
    previous_hash: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that is to be made; the members are those of `ApiKey`."""

    name: str
    scopes: frozenset[Scope] = frozenset({Scope.MINT})
    tenant: str | None = None
    origins: frozenset[str] | None = None
    models: frozenset[str] | None = None
    profiles: frozenset[str] | None = None
    max_ttl_seconds: int | None = None
    tokens_per_minute: int | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A key with its token, which is shown once and kept nowhere."""

    key: ApiKey
    token: Secret
