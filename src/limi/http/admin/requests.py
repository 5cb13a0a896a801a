"""What operators send: bodies and queries below `/api/admin`."""

from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from limi.http.admin import rules
from limi.kernel.principal import Scope

__all__ = [
    "AuditQuery",
    "CreateKeyRequest",
    "CreateTenantRequest",
    "ListKeysQuery",
    "ListProfilesQuery",
    "ListVersionsQuery",
    "NoQuery",
    "OfTenantQuery",
    "PageQuery",
    "ProfileQuery",
    "RotateKeyRequest",
    "UpdateTenantRequest",
    "given",
]

_Value = TypeVar("_Value")


class _Request(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Members that are not there are refused rather than ignored: a misspelt limit would be no limit."""


class NoQuery(_Request, frozen=True):
    """No parameters at all."""


class PageQuery(_Request, frozen=True):
    """Which part of a list."""

    after: rules.Place | UnsetType = UNSET
    limit: rules.Limit = rules.MOST_PER_PAGE


class ListKeysQuery(PageQuery, frozen=True):
    """Which keys."""

    tenant: rules.TenantID | UnsetType = UNSET


class OfTenantQuery(_Request, frozen=True):
    """Whose profile; without a tenant the global one, which every tenant may use."""

    tenant: rules.TenantID | UnsetType = UNSET


class ProfileQuery(OfTenantQuery, frozen=True):
    """Which version of it; without a number the newest."""

    version: rules.Version | UnsetType = UNSET


class ListVersionsQuery(OfTenantQuery, frozen=True):
    """How many versions of it."""

    limit: rules.Limit = rules.MOST_PER_PAGE


class ListProfilesQuery(PageQuery, frozen=True):
    """Whose profiles; without a tenant the global ones."""

    tenant: rules.TenantID | UnsetType = UNSET


class AuditQuery(_Request, frozen=True):
    """Which entries of the audit log."""

    after: rules.Seq = 0
    limit: rules.Limit = rules.MOST_PER_PAGE
    since: rules.Moment | UnsetType = UNSET
    until: rules.Moment | UnsetType = UNSET
    event: rules.Event | UnsetType = UNSET
    tenant: rules.TenantID | UnsetType = UNSET
    caller: rules.Word | UnsetType = UNSET
    subject: rules.Word | UnsetType = UNSET


class CreateKeyRequest(_Request, frozen=True):
    """A key that is to be made."""

    name: rules.Name
    scopes: rules.Scopes = msgspec.field(default_factory=lambda: [Scope.MINT])
    tenant: rules.TenantID | None = None
    origins: rules.Origins | None = None
    models: rules.Models | None = None
    profiles: rules.ProfileNames | None = None
    max_ttl_seconds: rules.SecondsToLive | None = None
    tokens_per_minute: rules.PerMinute | None = None
    expires_at: rules.Moment | None = None


class RotateKeyRequest(_Request, frozen=True):
    """How a key is to be rotated."""

    overlap_seconds: rules.OverlapSeconds = 0
    """How long the token of before goes on working."""


class CreateTenantRequest(_Request, frozen=True):
    """A tenant that is to be made."""

    id: rules.TenantID
    name: rules.Name | UnsetType = UNSET
    """The id where it is left out."""
    tokens_per_minute: rules.PerMinute | None = None
    connections_per_minute: rules.PerMinute | None = None
    models: rules.Models | None = None
    profiles: rules.ProfileNames | None = None


class UpdateTenantRequest(_Request, frozen=True):
    """What is to become different; members that are left out stay as they are."""

    name: rules.Name | UnsetType = UNSET
    tokens_per_minute: rules.PerMinute | UnsetType | None = UNSET
    connections_per_minute: rules.PerMinute | UnsetType | None = UNSET
    models: rules.Models | UnsetType | None = UNSET
    profiles: rules.ProfileNames | UnsetType | None = UNSET


def given(value: _Value | UnsetType) -> _Value | None:
    """Return a parameter, None where it was left out."""
    return None if value is UNSET else value
