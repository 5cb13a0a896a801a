"""The port of endpoints, kept in SQL."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, and_, func, select, tuple_

from limi.adapters.sql.access_database import AccessDatabase, as_json, from_json, insert_once, micros, seconds
from limi.adapters.sql.delivery_upkeep import cancel_waiting
from limi.adapters.sql.outbox import unpack_all
from limi.adapters.sql.tables import webhook_endpoints as table
from limi.features.webhooks.model import DisabledReason, Endpoint, EndpointId, EndpointStatus, SealedSecret
from limi.kernel.revision import AccessUnavailableError

__all__ = ["SQLEndpointStore"]

_Secrets: Final = tuple[SealedSecret, ...]


class SQLEndpointStore:
    """Implements `limi.features.webhooks.ports.EndpointStore`; whoever made the database closes it."""

    def __init__(self, *, database: AccessDatabase) -> None:
        self._database = database

    async def add(self, endpoint: Endpoint) -> bool:
        """Keep a new endpoint; return False where there is one of its id."""
        values = {**_values(endpoint), "failing_since": micros(endpoint.failing_since)}
        return await self._database.change(lambda connection: insert_once(connection, table, values))

    async def get(self, endpoint_id: EndpointId) -> Endpoint | None:
        """Return an endpoint."""
        query = select(table).where(table.c.id == endpoint_id)

        def find(connection: Connection) -> Endpoint | None:
            row = connection.execute(query).one_or_none()
            return None if row is None else _endpoint(row)

        return await self._database.read(find)

    async def list(self, *, tenant: str | None, after: EndpointId | None, limit: int) -> Sequence[Endpoint]:
        """Return up to `limit` endpoints, the oldest first, that were made after the endpoint `after`."""
        place = tuple_(table.c.created_at, table.c.id)
        query = select(table).order_by(table.c.created_at, table.c.id).limit(limit)
        last = select(table.c.created_at, table.c.id).where(table.c.id == after)
        if tenant is not None:
            query, last = query.where(table.c.tenant == tenant), last.where(table.c.tenant == tenant)
        if after is not None:
            query = query.where(place > last.scalar_subquery())
        return await self._database.read(lambda connection: [_endpoint(row) for row in connection.execute(query)])

    async def count(self, *, tenant: str | None) -> int:
        """Return how many endpoints there are of exactly this tenant; None counts those of no tenant."""
        query = select(func.count()).select_from(table).where(table.c.tenant.is_not_distinct_from(tenant))
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def update(self, endpoint: Endpoint, *, before: Endpoint) -> bool:
        """Keep `endpoint` in place of `before`; return False where that is not what is there any more."""
        values = _values(endpoint)
        if endpoint.status is not before.status:
            values["failing_since"] = None
        same = and_(*(table.c[name].is_not_distinct_from(value) for name, value in _values(before).items()))
        statement = table.update().where(same).values(values)
        if before.enabled and not endpoint.enabled:
            await self._database.work(unpack_all)
        return await self._database.change(lambda connection: connection.execute(statement).rowcount == 1)

    async def remove(self, endpoint_id: EndpointId) -> bool:
        """Remove an endpoint and cancel what waits for it; return False where there is none."""

        def remove(connection: Connection) -> bool:
            return connection.execute(table.delete().where(table.c.id == endpoint_id)).rowcount == 1

        await self._database.work(unpack_all)
        if not await self._database.change(remove):
            return False
        # Not in one transaction, which many rows would make long. What is left is cancelled by whoever claims.
        with suppress(AccessUnavailableError):
            await cancel_waiting(self._database, endpoint_id, why="endpoint_removed")
        return True


def _values(endpoint: Endpoint) -> dict[str, object]:
    """Return all columns but since when it fails, which attempts say and no change sets."""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "tenant": endpoint.tenant,
        "events": as_json(endpoint.events),
        "description": endpoint.description,
        "status": endpoint.status.value,
        "disabled_reason": endpoint.disabled_reason.value if endpoint.disabled_reason else None,
        "secrets": msgspec.json.encode(endpoint.secrets).decode(),
        "created_at": micros(endpoint.created_at),
        "updated_at": micros(endpoint.updated_at),
    }


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=EndpointId(row.id),
        url=row.url,
        tenant=row.tenant,
        events=from_json(row.events) or frozenset(),
        description=row.description,
        status=EndpointStatus(row.status),
        disabled_reason=DisabledReason(row.disabled_reason) if row.disabled_reason else None,
        secrets=msgspec.json.decode(row.secrets, type=_Secrets),
        failing_since=seconds(row.failing_since),
        created_at=seconds(row.created_at) or 0.0,
        updated_at=seconds(row.updated_at) or 0.0,
    )
