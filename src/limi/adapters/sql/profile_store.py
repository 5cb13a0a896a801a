"""The profiles' port, kept in SQL."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, select

from limi.adapters.sql.access_database import AccessDatabase, insert_once, micros, seconds
from limi.adapters.sql.tables import profiles
from limi.features.profiles.model import ProfileVersion
from limi.kernel.settings import Profile

__all__ = ["SQLProfileStore"]


class SQLProfileStore:
    """Implements `limi.features.profiles.ports.ProfileStore`; whoever made the database closes it."""

    def __init__(self, *, database: AccessDatabase) -> None:
        self._database = database

    async def add(self, version: ProfileVersion) -> bool:
        """Keep a new version; return False where there is one of its number."""
        values = _values(version)
        return await self._database.change(lambda connection: insert_once(connection, profiles, values))

    async def newest(self, name: str, *, tenant: str | None) -> ProfileVersion | None:
        """Return the newest version, a deletion too."""
        found = await self.versions(name, tenant=tenant, limit=1)
        return found[0] if found else None

    async def find(self, name: str, *, tenant: str | None, version: int) -> ProfileVersion | None:
        """Return one version."""
        found = await self._all(_of(tenant).where(profiles.c.name == name, profiles.c.version == version))
        return found[0] if found else None

    async def page(self, *, tenant: str | None, after: str | None, limit: int) -> Sequence[ProfileVersion]:
        """Return the newest versions of up to `limit` profiles, in order of names, without deleted ones."""
        other = profiles.alias("other")
        newest = (
            select(func.max(other.c.version))
            .where(other.c.tenant == profiles.c.tenant, other.c.name == profiles.c.name)
            .correlate(profiles)
            .scalar_subquery()
        )
        there = _of(tenant).where(
            profiles.c.name > (after or ""), profiles.c.version == newest, profiles.c.profile.is_not(None)
        )
        return await self._all(there.order_by(profiles.c.name).limit(limit))

    async def versions(self, name: str, *, tenant: str | None, limit: int) -> Sequence[ProfileVersion]:
        """Return up to `limit` versions, the newest first, deletions too."""
        query = _of(tenant).where(profiles.c.name == name)
        return await self._all(query.order_by(profiles.c.version.desc()).limit(limit))

    async def _all(self, query: Select[Any]) -> list[ProfileVersion]:
        return await self._database.read(lambda connection: [_version(row) for row in connection.execute(query)])


def _of(tenant: str | None) -> Select[Any]:
    return select(profiles).where(profiles.c.tenant == (tenant or ""))


def _values(version: ProfileVersion) -> dict[str, object]:
    profile = version.profile
    return {
        "tenant": version.tenant or "",
        "name": version.name,
        "version": version.version,
        "profile": None if profile is None else msgspec.json.encode(profile).decode(),
        "created_at": micros(version.created_at),
        "created_by": version.created_by,
    }


def _version(row: Row[Any]) -> ProfileVersion:
    return ProfileVersion(
        name=row.name,
        tenant=row.tenant or None,
        version=row.version,
        profile=None if row.profile is None else msgspec.json.decode(row.profile, type=Profile),
        created_at=seconds(row.created_at) or 0.0,
        created_by=row.created_by,
    )
