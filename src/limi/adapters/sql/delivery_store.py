"""The port of deliveries, kept in SQL.

What happens for every delivery is driver SQL in `delivery_claims` and `delivery_results`. What operators ask for,
listings here and changes in `delivery_upkeep`, is SQLAlchemy Core.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, select

from limi.adapters.sql.access_database import AccessDatabase, micros, seconds
from limi.adapters.sql.delivery_claims import claim_due, find_next_due
from limi.adapters.sql.delivery_results import release_all, settle_all
from limi.adapters.sql.delivery_upkeep import cancel_waiting, in_state, prune_ended, replay_selected
from limi.adapters.sql.outbox import unpack_all, unpack_outbox
from limi.adapters.sql.tables import journal
from limi.adapters.sql.tables import webhook_attempts as log
from limi.adapters.sql.tables import webhook_deliveries as table
from limi.features.webhooks.model import (
    Attempt,
    Backlog,
    Claimed,
    DeliveryId,
    DeliveryQuery,
    DeliveryState,
    DeliverySummary,
    EndpointId,
    Replay,
    Settlement,
)

__all__ = ["SQLDeliveryStore"]

_COLUMNS: Final = tuple(
    table.c[name]
    for name in (
        "id",
        "endpoint_id",
        "fact_id",
        "state",
        "attempts",
        "free_at",
        "last_status",
        "last_error",
        "created_at",
    )
)

_last: Final = table.alias("last")
_Result = TypeVar("_Result")


class SQLDeliveryStore:
    """Implements `limi.features.webhooks.ports.DeliveryStore`; whoever made the database closes it.

    It wants a database of its own, so that callers' keys are not looked up after deliveries, and one whose engine
    is not `synced`: on SQLite a claim or result that waited for the disk would hold the lock that mints wait for.
    What a power cut takes back is delivered again, which at-least-once allows.
    """

    def __init__(self, *, database: AccessDatabase) -> None:
        self._database = database

    async def claim(
        self,
        *,
        worker: str,
        now: float,
        lease_seconds: float,
        limit: int,
        per_endpoint: int,
        busy: Mapping[EndpointId, int],
    ) -> list[Claimed]:
        """Return deliveries that are due, which nobody else is given for `lease_seconds`; see the port."""
        job = partial(
            claim_due,
            worker=worker,
            now=micros(now) or 0,
            until=micros(now + lease_seconds) or 0,
            limit=limit,
            per_endpoint=per_endpoint,
            busy=dict(busy),
        )
        return await self._database.work(job)

    async def settle(self, settlements: Sequence[Settlement], *, worker: str) -> dict[EndpointId, float]:
        """Log attempts and move their deliveries on, in one transaction; see the port."""
        if not settlements:
            return {}
        return await self._database.work(partial(settle_all, settlements=settlements, worker=worker))

    async def release(self, claims: Sequence[Claimed], *, now: float) -> None:
        """Let go of deliveries that were claimed and not attempted to the end: they are due at once."""
        if claims:
            await self._database.work(partial(release_all, claims=claims, now=micros(now) or 0))

    async def next_due(self, now: float) -> float | None:
        """Return the first moment after `now` at which something is due or a lease ends."""
        return seconds(await self._database.work(partial(find_next_due, now=micros(now) or 0)))

    async def deliveries(
        self, query: DeliveryQuery, *, before: DeliveryId | None, limit: int
    ) -> Sequence[DeliverySummary]:
        """Return up to `limit` deliveries, the newest first, that were made before the delivery `before`."""
        chosen = _listing(query, before, limit)
        return await self._read(lambda connection: [_summary(row) for row in connection.execute(chosen)])

    async def attempts(self, delivery_id: DeliveryId, *, endpoint: EndpointId) -> Sequence[Attempt]:
        """Return the logged attempts of a delivery to `endpoint` in order; of one to another endpoint none."""
        query = (
            select(log)
            .join(table, table.c.id == log.c.delivery_id)
            .where(log.c.delivery_id == delivery_id, table.c.endpoint_id == endpoint)
            .order_by(log.c.lease)
        )
        return await self._database.read(lambda connection: [_attempt(row) for row in connection.execute(query)])

    async def replay(self, selection: Replay, *, now: float) -> int:
        """Make deliveries due now, with a schedule that begins anew; return how many."""
        await self._database.work(unpack_all)
        return await replay_selected(self._database, selection, now=now)

    async def cancel(self, endpoint_id: EndpointId) -> int:
        """Cancel what waits for an endpoint that is disabled or removed; return how much."""
        await self._database.work(unpack_all)
        return await cancel_waiting(self._database, endpoint_id, why="endpoint_disabled")

    async def prune(self, before: float) -> int:
        """Remove ended deliveries of what happened before the Unix second `before`, with their attempts."""
        return await prune_ended(self._database, before)

    async def backlog(self) -> Backlog:
        """Return what waits."""
        query = select(func.count(), func.min(table.c.free_at)).where(in_state(DeliveryState.PENDING))

        def count(connection: Connection) -> Backlog:
            pending, oldest = connection.execute(query).one()
            return Backlog(pending=pending, oldest_due=seconds(oldest))

        return await self._read(count)

    async def _read(self, question: Callable[[Connection], _Result]) -> _Result:
        """Return what `question` finds, of what waits in the outbox too."""

        def ask(engine: Engine) -> _Result:
            with engine.connect() as connection:
                unpack_outbox(connection)
                return question(connection)

        return await self._database.work(ask)


def _listing(query: DeliveryQuery, before: DeliveryId | None, limit: int) -> Select[Any]:
    # The index of an endpoint's deliveries is in the order of the facts' ids, and so of time.
    chosen = select(*_COLUMNS).where(table.c.endpoint_id == query.endpoint)
    place: ColumnElement[str] = table.c.fact_id
    if query.tenant is not None:
        chosen = chosen.where(table.c.tenant == query.tenant)
    if query.state is not None:
        chosen = chosen.where(in_state(query.state))
    if query.state is DeliveryState.PENDING:
        # Not what the index holds, or the database would walk through all that was delivered to find what waits.
        place = place + ""
    if query.message is not None:
        chosen = chosen.where(table.c.fact_id == query.message)
    if before is not None:
        last = select(_last.c.fact_id).where(_last.c.id == before, _last.c.endpoint_id == query.endpoint)
        chosen = chosen.where(place < last.scalar_subquery())
    # The journal is asked for a page's rows only.
    page = chosen.order_by(place.desc()).limit(limit).subquery()
    told = page.join(journal, journal.c.id == page.c.fact_id, isouter=True)
    return select(page, journal.c.event, journal.c.tenant).select_from(told).order_by(page.c.fact_id.desc())


def _summary(row: Row[Any]) -> DeliverySummary:
    state = DeliveryState(row.state)
    return DeliverySummary(
        id=DeliveryId(row.id),
        endpoint_id=EndpointId(row.endpoint_id),
        message_id=row.fact_id,
        event=row.event,
        tenant=row.tenant,
        state=state,
        attempts=row.attempts,
        due_at=seconds(row.free_at) if state is DeliveryState.PENDING else None,
        last_status=row.last_status,
        last_error=row.last_error,
        created_at=seconds(row.created_at) or 0.0,
    )


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        delivery_id=DeliveryId(row.delivery_id),
        number=row.number,
        at=seconds(row.at) or 0.0,
        duration_ms=row.duration_ms,
        status=row.status,
        error=row.error,
    )
