"""What is known of a tenant."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

__all__ = ["NewTenant", "Tenant", "TenantChanges", "TenantStatus"]


class TenantStatus(StrEnum):
    """Whether its callers are served."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    """Gone for everybody. The id is never given again: the journal speaks of it for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One customer of the operator's, with callers, profiles and records of its own."""

    id: str
    """1–40 characters of a–z 0–9 -."""
    name: str
    status: TenantStatus = TenantStatus.ACTIVE
    tokens_per_minute: int | None = None
    """Mints of the whole tenant, and of each of its callers unless the key says otherwise; None for no limit."""
    connections_per_minute: int | None = None
    models: frozenset[str] | None = None
    """Names of the models its callers may ask for; None for all."""
    profiles: frozenset[str] | None = None
    """Names of the profiles its callers may use; None for all."""
    created_at: float
    """Unix seconds."""
    updated_at: float

    @property
    def active(self) -> bool:
        """Say whether its callers are served."""
        return self.status is TenantStatus.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTenant:
    """A tenant that is to be made; the members are those of `Tenant`."""

    id: str
    name: str = ""
    """The id where it is empty."""
    tokens_per_minute: int | None = None
    connections_per_minute: int | None = None
    models: frozenset[str] | None = None
    profiles: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantChanges:
    """What is to become different; members that are `msgspec.UNSET` stay as they are."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    tokens_per_minute: int | msgspec.UnsetType | None = msgspec.UNSET
    connections_per_minute: int | msgspec.UnsetType | None = msgspec.UNSET
    models: frozenset[str] | msgspec.UnsetType | None = msgspec.UNSET
    profiles: frozenset[str] | msgspec.UnsetType | None = msgspec.UNSET
