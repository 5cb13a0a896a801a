"""What operators are answered below `/api/admin`, and what the command line prints with `--json`."""

from collections.abc import Iterable
from typing import Any

import msgspec

from limi.features.api_keys.model import ApiKey, KeyStatus
from limi.features.journal.lines import iso_time
from limi.features.journal.model import JournalEntry
from limi.features.profiles.model import ProfileVersion
from limi.features.tenants.model import Tenant, TenantStatus
from limi.http.admin.profile_members import ProfileMembers, members_of
from limi.http.times import iso8601
from limi.kernel.principal import Scope

__all__ = [
    "AuditAnswer",
    "AuditEntryAnswer",
    "IssuedKeyAnswer",
    "KeyAnswer",
    "KeysAnswer",
    "ProfileAnswer",
    "ProfileSummary",
    "ProfilesAnswer",
    "StatsAnswer",
    "TenantAnswer",
    "TenantStatsAnswer",
    "TenantsAnswer",
    "VersionsAnswer",
]


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Members without a value are there as null, so that a reader sees which there are. Times are ISO 8601."""


class KeyAnswer(_Answer, frozen=True):
    """One key, without its token."""

    id: str
    name: str
    prefix: str
    """The beginning of its token, by which it is recognised."""
    status: KeyStatus
    scopes: list[Scope]
    tenant: str | None
    origins: list[str] | None
    models: list[str] | None
    profiles: list[str] | None
    max_ttl_seconds: int | None
    tokens_per_minute: int | None
    created_at: str
    created_by: str
    expires_at: str | None
    rotated_at: str | None
    previous_until: str | None
    """Until when the token of before the last rotation works."""
    revoked_at: str | None
    last_used_at: str | None
    """Exact to the minute."""

    @classmethod
    def of(cls, key: ApiKey, *, now: float) -> "KeyAnswer":
        """Return what is said of `key` at `now`."""
        return cls(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            status=key.status(now),
            scopes=sorted(key.scopes),
            tenant=key.tenant,
            origins=_sorted(key.origins),
            models=_sorted(key.models),
            profiles=_sorted(key.profiles),
            max_ttl_seconds=key.max_ttl_seconds,
            tokens_per_minute=key.tokens_per_minute,
            created_at=iso8601(key.created_at),
            created_by=key.created_by,
            expires_at=_time(key.expires_at),
            rotated_at=_time(key.rotated_at),
            previous_until=_time(key.previous_until),
            revoked_at=_time(key.revoked_at),
            last_used_at=_time(key.last_used_at),
        )


class IssuedKeyAnswer(_Answer, frozen=True):
    """A key with its token, which is shown this once and kept nowhere."""

    key: KeyAnswer
    secret: str
    """What callers send as bearer."""


class KeysAnswer(_Answer, frozen=True):
    """One page of keys, the oldest first."""

    keys: list[KeyAnswer]
    next: str | None
    """What `after` must be for the page that follows; null on the last."""


class TenantAnswer(_Answer, frozen=True):
    """One tenant."""

    id: str
    name: str
    status: TenantStatus
    tokens_per_minute: int | None
    connections_per_minute: int | None
    models: list[str] | None
    profiles: list[str] | None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantAnswer":
        """Return what is said of `tenant`."""
        return cls(
            id=tenant.id,
            name=tenant.name,
            status=tenant.status,
            tokens_per_minute=tenant.tokens_per_minute,
            connections_per_minute=tenant.connections_per_minute,
            models=_sorted(tenant.models),
            profiles=_sorted(tenant.profiles),
            created_at=iso8601(tenant.created_at),
            updated_at=iso8601(tenant.updated_at),
        )


class TenantsAnswer(_Answer, frozen=True):
    """One page of tenants, in order of ids."""

    tenants: list[TenantAnswer]
    next: str | None


class ProfileSummary(_Answer, frozen=True):
    """One version of a profile, in short."""

    name: str
    tenant: str | None
    """Whose it is; null for a global one, which every tenant may use."""
    version: int
    created_at: str
    created_by: str
    deleted: bool
    """Whether this version is a deletion."""

    @classmethod
    def of(cls, version: ProfileVersion) -> "ProfileSummary":
        """Return what is said of `version` in a list."""
        return cls(**_summary(version))


class ProfileAnswer(ProfileSummary, frozen=True):
    """One version of a profile."""

    profile: ProfileMembers | None
    """Null in the version that is a deletion."""

    @classmethod
    def of(cls, version: ProfileVersion) -> "ProfileAnswer":
        """Return what is said of `version`."""
        profile = None if version.profile is None else members_of(version.profile)
        return cls(**_summary(version), profile=profile)


class ProfilesAnswer(_Answer, frozen=True):
    """One page of profiles, in order of names: the newest version of each, deleted ones left out."""

    profiles: list[ProfileSummary]
    next: str | None


class VersionsAnswer(_Answer, frozen=True):
    """Versions of one profile, the newest first."""

    versions: list[ProfileSummary]


class TenantStatsAnswer(_Answer, frozen=True):
    """How many keys of one tenant can still open calls."""

    tenant: str
    status: TenantStatus
    live_tokens: int


class StatsAnswer(_Answer, frozen=True):
    """Live keys by tenant, in order of ids."""

    live_tokens: int
    """Of all that the caller may see, those of no tenant too; those of suspended tenants are not counted."""
    tenants: list[TenantStatsAnswer]
    next: str | None


class AuditEntryAnswer(_Answer, frozen=True):
    """One entry of the audit log; the export has the same members and the proof that nothing was changed."""

    seq: int
    id: str
    time: str
    event: str
    outcome: str
    request_id: str
    caller: str
    tenant: str | None
    ip: str | None
    user_agent: str | None
    session_id: str | None
    model: str | None
    duration_ms: int | None
    expires_at: int | None
    """Unix seconds."""
    code: str | None
    resolves: str | None
    subject: str | None
    detail: str | None
    frontend: str | None

    @classmethod
    def of(cls, entry: JournalEntry) -> "AuditEntryAnswer":
        """Return what is said of `entry`."""
        members: dict[str, Any] = {name: getattr(entry, name) for name in cls.__struct_fields__ if name != "time"}
        return cls(time=iso_time(entry.at), **members)


class AuditAnswer(_Answer, frozen=True):
    """One page of the audit log, the oldest entry first."""

    entries: list[AuditEntryAnswer]
    next: int | None
    """What `after` must be to read on, also for entries that are yet to come; null where none was found."""


def _summary(version: ProfileVersion) -> dict[str, Any]:
    return {
        "name": version.name,
        "tenant": version.tenant,
        "version": version.version,
        "created_at": iso8601(version.created_at),
        "created_by": version.created_by,
        "deleted": version.profile is None,
    }


def _sorted(names: Iterable[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _time(unix_seconds: float | None) -> str | None:
    return None if unix_seconds is None else iso8601(unix_seconds)
