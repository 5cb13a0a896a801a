"""The tenants' port, kept in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from limi.adapters.sql.access_database import AccessDatabase, as_json, from_json, insert_once, micros, seconds
from limi.adapters.sql.tables import api_keys, profiles, tenants, webhook_endpoints
from limi.features.tenants.model import Tenant, TenantStatus

__all__ = ["SQLTenantStore"]

_DELETED = TenantStatus.DELETED.value


class SQLTenantStore:
    """Implements `limi.features.tenants.ports.TenantStore`; whoever made the database closes it."""

    def __init__(self, *, database: AccessDatabase) -> None:
        self._database = database

    async def add(self, tenant: Tenant) -> bool:
        """Keep a new tenant; return False where there is, or was, one of its id."""
        values = _values(tenant)
        return await self._database.change(lambda connection: insert_once(connection, tenants, values))

    async def replace(self, tenant: Tenant, *, before: Tenant) -> bool:
        """Keep `tenant` in place of `before`; return False where that is not what is there any more."""

        def update(connection: Connection) -> bool:
            same = and_(*(tenants.c[name].is_not_distinct_from(value) for name, value in _values(before).items()))
            replaced = connection.execute(tenants.update().where(same).values(_values(tenant))).rowcount == 1
            if replaced and tenant.status is TenantStatus.DELETED:
                _clear(connection, tenant)
            return replaced

        return await self._database.change(update)

    async def find(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, a deleted one too."""
        query = select(tenants).where(tenants.c.id == tenant_id)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _tenant(row)

    async def page(self, *, after: str | None, limit: int) -> Sequence[Tenant]:
        """Return up to `limit` tenants whose ids come after `after`, in order of ids, without deleted ones."""
        query = select(tenants).where(tenants.c.status != _DELETED, tenants.c.id > (after or ""))
        query = query.order_by(tenants.c.id).limit(limit)
        return await self._database.read(lambda connection: [_tenant(row) for row in connection.execute(query)])

    async def unlisted(self) -> frozenset[str]:
        """Return the ids of all tenants that are not active."""
        query = select(tenants.c.id).where(tenants.c.status != TenantStatus.ACTIVE.value)
        return await self._database.read(lambda connection: frozenset(connection.execute(query).scalars()))


def _clear(connection: Connection, tenant: Tenant) -> None:
    """Revoke the keys of a tenant that is deleted, and let go of its profiles and webhook endpoints."""
    open_keys = and_(api_keys.c.tenant == tenant.id, api_keys.c.revoked_at.is_(None))
    revoked = {"revoked_at": micros(tenant.updated_at), "previous_until": None, "previous_hash": None}
    connection.execute(api_keys.update().where(open_keys).values(revoked))
    connection.execute(profiles.delete().where(profiles.c.tenant == tenant.id))
    # What waits for them is cancelled by whoever claims next.
    connection.execute(webhook_endpoints.delete().where(webhook_endpoints.c.tenant == tenant.id))


def _values(tenant: Tenant) -> dict[str, object]:
    return {
        "id": tenant.id,
        "name": tenant.name,
        "status": tenant.status.value,
        "tokens_per_minute": tenant.tokens_per_minute,
        "connections_per_minute": tenant.connections_per_minute,
        "models": as_json(tenant.models),
        "profiles": as_json(tenant.profiles),
        "created_at": micros(tenant.created_at),
        "updated_at": micros(tenant.updated_at),
    }


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(
        id=row.id,
        name=row.name,
        status=TenantStatus(row.status),
        tokens_per_minute=row.tokens_per_minute,
        connections_per_minute=row.connections_per_minute,
        models=from_json(row.models),
        profiles=from_json(row.profiles),
        created_at=seconds(row.created_at) or 0.0,
        updated_at=seconds(row.updated_at) or 0.0,
    )
