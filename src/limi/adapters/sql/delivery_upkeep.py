"""Changes of many deliveries: replaying, cancelling, removing old ones. A few rows at a time, with pauses.

SQLite has one lock for all who write, and a mint waits for it. So each transaction is short, and between two of
them others have the lock.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, literal_column, or_, select

from limi.adapters.sql.access_database import AccessDatabase, micros
from limi.adapters.sql.delivery_claims import MAX_ROWS
from limi.adapters.sql.tables import journal
from limi.adapters.sql.tables import webhook_attempts as attempts
from limi.adapters.sql.tables import webhook_deliveries as table
from limi.features.webhooks.model import DeliveryState, EndpointId, OneDelivery, Replay, Window
from limi.kernel.ids import first_sortable_id

__all__ = ["cancel_waiting", "in_state", "prune_ended", "replay_selected"]

_PAUSE_SECONDS: Final = 0.005
"""Between two transactions, which take a millisecond or two: others have the lock most of the time."""

_SLACK_SECONDS: Final = 3600.0

_Step = Callable[[Connection], int | None]
"""Changes some rows, and returns how many; None says that there are no more."""


async def cancel_waiting(database: AccessDatabase, endpoint: EndpointId, *, why: str) -> int:
    """Cancel what waits for `endpoint`; what is being attempted is left to whoever holds its lease.

    Returns:
        How many deliveries.
    """
    chosen = select(table.c.id).where(
        in_state(DeliveryState.PENDING), table.c.endpoint_id == endpoint, table.c.claimed_by.is_(None)
    )
    cancelled = {"state": DeliveryState.CANCELLED.value, "last_error": why}

    def cancel(connection: Connection) -> int | None:
        ids = _some(connection, chosen.order_by(table.c.free_at))
        connection.execute(table.update().where(table.c.id.in_(ids)).values(cancelled))
        return len(ids) or None

    return await _in_steps(database, cancel)


async def replay_selected(database: AccessDatabase, selection: Replay, *, now: float) -> int:
    """Make deliveries due at the Unix second `now`, with a schedule that begins anew; return how many."""
    at = micros(now)
    there = select(journal.c.id).where(journal.c.id == table.c.fact_id).exists()
    # Of one endpoint, the ids of facts are in the order of time and in that of an index.
    chosen = select(table.c.id, table.c.fact_id).where(table.c.endpoint_id == selection.endpoint, there)
    chosen = chosen.where(_selected(selection, at)).order_by(table.c.fact_id)
    again = {
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "claimed_by": None,
        "free_at": at,
        "first_due": at,
    }
    last = ""

    def replay(connection: Connection) -> int | None:
        nonlocal last
        rows = connection.execute(_locked(chosen.where(table.c.fact_id > last))).all()
        if not rows:
            return None
        connection.execute(table.update().where(table.c.id.in_([row.id for row in rows])).values(again))
        last = rows[-1].fact_id
        return len(rows)

    return await _in_steps(database, replay)


async def prune_ended(database: AccessDatabase, before: float) -> int:
    """Remove ended deliveries of what happened before the Unix second `before`; return how many."""
    oldest = micros(before) or 0
    last = 0

    def prune(connection: Connection) -> int | None:
        nonlocal last
        # Numbers grow with time, so that the first row which is young enough ends it.
        page = select(table.c.id, table.c.state, table.c.created_at).where(table.c.id > last)
        rows = connection.execute(_locked(page.order_by(table.c.id))).all()
        old = [row for row in rows if row.created_at < oldest]
        if not old:
            return None
        ended = [row.id for row in old if row.state != DeliveryState.PENDING]
        connection.execute(attempts.delete().where(attempts.c.delivery_id.in_(ended)))
        connection.execute(table.delete().where(table.c.id.in_(ended)))
        last = rows[-1].id
        return len(ended)

    return await _in_steps(database, prune)


def in_state(state: DeliveryState) -> ColumnElement[bool]:
    """Return the condition that a delivery is in `state`, so written that the partial indices serve it.

    A database uses such an index only where it sees the index's own words, not a parameter.
    """
    condition = table.c.state == literal_column(f"'{state.value}'")
    if state in (DeliveryState.FAILED, DeliveryState.CANCELLED):
        return and_(literal_column("state IN ('failed', 'cancelled')"), condition)
    return condition


def _selected(selection: Replay, at: int | None) -> ColumnElement[bool]:
    if isinstance(selection, OneDelivery):
        idle = or_(~in_state(DeliveryState.PENDING), table.c.claimed_by.is_(None), table.c.free_at <= at)
        return and_(table.c.id == selection.delivery, idle)
    if isinstance(selection, Window):
        span = and_(table.c.created_at >= micros(selection.since), table.c.created_at < micros(selection.until))
        # The ids are what the index knows. They tell when a fact was made, which is about when it happened.
        first = first_sortable_id(selection.since - _SLACK_SECONDS)
        last = first_sortable_id(selection.until + _SLACK_SECONDS)
        near = and_(table.c.fact_id >= first, table.c.fact_id < last)
        return and_(span, near, ~in_state(DeliveryState.PENDING))
    return in_state(DeliveryState.FAILED)


async def _in_steps(database: AccessDatabase, step: _Step) -> int:
    done = 0
    while (count := await database.write(step)) is not None:
        done += count
        await asyncio.sleep(_PAUSE_SECONDS)
    return done


def _some(connection: Connection, query: Select[Any]) -> list[int]:
    return list(connection.execute(_locked(query)).scalars())


def _locked(query: Select[Any]) -> Select[Any]:
    """Return a query of some rows; on PostgreSQL one that passes over those which somebody else is changing."""
    return query.limit(MAX_ROWS).with_for_update(skip_locked=True, of=table)
