"""Claiming deliveries: what is due, fairly, with the message that each one tells.

A look without a lock comes first, because most looks find nothing. Then the lock is taken for one short statement.
What waits for nobody is ended here too: an endpoint may be disabled or removed while a snapshot of subscriptions
still makes deliveries to it, and retention may remove a row of the journal before it was delivered.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row

from limi.adapters.sql.engine import SQLITE, begin_writing, each_by_itself
from limi.adapters.sql.leases import LeasedRows, placed, share_out
from limi.adapters.sql.outbox import NOTED, unpack_outbox
from limi.features.webhooks.model import Claimed, DeliveryId, EndpointId, EndpointStatus, Message

__all__ = ["MAX_ROWS", "claim_due", "find_next_due"]

MAX_ROWS: Final = 100
"""Rows changed in one transaction: about a millisecond, which a mint can wait for SQLite's one lock."""

_MICROSECONDS: Final = 1_000_000

_rows: Final = LeasedRows(
    table="webhook_deliveries",
    group="endpoint_id",
    waiting="state = 'pending'",
    returned=("id", "endpoint_id", "fact_id", "attempts", "first_due", "claims"),
)

_WAITING: Final = (
    "SELECT waiting.name, waiting.free_at, e.status "  # noqa: S608 - constants, as below
    f"FROM ({_rows.groups}) AS waiting LEFT JOIN webhook_endpoints AS e ON e.id = waiting.name "
    f"UNION ALL SELECT NULL, NULL, NULL WHERE EXISTS ({NOTED})"
)
"""Which endpoints have deliveries, and a row without a name while there are notes of which none are made yet."""

_COLUMNS: Final = (
    "id",
    "event",
    "at",
    "tenant",
    "session_id",
    "model",
    "expires_at",
    "duration_ms",
    "code",
    "subject",
    "detail",
)
"""What a message may tell: who caused it and from where stays in the journal."""

_MESSAGES: Final = f"SELECT {', '.join(_COLUMNS)} FROM journal WHERE id "  # noqa: S608 - as above

_CANCEL: Final = "UPDATE webhook_deliveries SET state = 'cancelled', claimed_by = NULL, last_error = "

_CANCEL_ORPHANS: Final = (
    "WITH chosen AS MATERIALIZED (SELECT id FROM webhook_deliveries WHERE state = 'pending' AND endpoint_id = ? "  # noqa: S608 - as above
    "AND (claimed_by IS NULL OR free_at <= ?) AND NOT EXISTS "
    "(SELECT 1 FROM webhook_endpoints AS e WHERE e.id = ? AND e.status = 'enabled') "
    "ORDER BY free_at LIMIT ?{locked}) "
    f"{_CANCEL} ? WHERE id IN (SELECT id FROM chosen) RETURNING id"
)

_CANCEL_GONE: Final = f"{_CANCEL} 'message_gone' WHERE state = 'pending' AND claimed_by = ? AND id "

_encode: Final = msgspec.json.Encoder().encode


def claim_due(
    engine: Engine,
    *,
    worker: str,
    now: int,
    until: int,
    limit: int,
    per_endpoint: int,
    busy: Mapping[EndpointId, int],
) -> list[Claimed]:
    """Claim deliveries; see `DeliveryStore.claim`. Times are in Unix microseconds.

    On PostgreSQL each step is a transaction: what one step took is taken, whether or not the next one comes.
    """
    with each_by_itself(engine) as connection:
        waiting = connection.exec_driver_sql(_WAITING).all()
        if any(row.name is None for row in waiting):
            unpack_outbox(connection)
            waiting = [row for row in connection.exec_driver_sql(_WAITING) if row.name is not None]
        orphans = [row for row in waiting if row.status != EndpointStatus.ENABLED]
        due = sorted((row.free_at, row.name) for row in waiting if row.status == EndpointStatus.ENABLED)
        names = [name for free_at, name in due if free_at <= now]
        held: Mapping[str, int] = {str(name): count for name, count in busy.items()}
        shares = share_out(names, limit=min(limit, MAX_ROWS), most=per_endpoint, held=held)
        if not shares and not orphans:
            return []
        begin_writing(connection)
        _cancel_orphans(connection, orphans, now)
        rows = _rows.claim(connection, shares, worker=worker, now=now, until=until)
        if connection.dialect.name == SQLITE:
            # The rest only reads, and there is one lock for all who write.
            connection.commit()
        messages = _messages(connection, {row.fact_id for row in rows})
        if gone := [row.id for row in rows if row.fact_id not in messages]:
            statement, among = _among(connection, _CANCEL_GONE, gone)
            connection.exec_driver_sql(statement, (worker, among))
        connection.commit()
    return [_claimed(row, messages[row.fact_id]) for row in rows if row.fact_id in messages]


def find_next_due(engine: Engine, now: int) -> int | None:
    """Return the first moment after `now` at which a delivery may be claimed, in Unix microseconds."""
    with engine.connect() as connection:
        unpack_outbox(connection)
        statement = placed(_rows.next_free, connection.dialect.name)
        found: int | None = connection.exec_driver_sql(statement, (now,)).scalar()
        return found


def _cancel_orphans(connection: Connection, orphans: Sequence[Row[Any]], now: int) -> None:
    left = MAX_ROWS
    for row in orphans:
        if left <= 0:
            return
        locked = "" if connection.dialect.name == SQLITE else " FOR UPDATE SKIP LOCKED"
        statement = placed(_CANCEL_ORPHANS.replace("{locked}", locked), connection.dialect.name)
        why = "endpoint_removed" if row.status is None else "endpoint_disabled"
        # Counted by what comes back: Python's driver counts no rows of statements that begin with WITH.
        left -= len(connection.exec_driver_sql(statement, (row.name, now, row.name, left, why)).all())


def _messages(connection: Connection, ids: set[str]) -> dict[str, Message]:
    if not ids:
        return {}
    statement, among = _among(connection, _MESSAGES, list(ids))
    found = connection.exec_driver_sql(statement, (among,)).all()
    return {row[0]: _message(row) for row in found}


def _among(connection: Connection, statement: str, values: Sequence[str | int]) -> tuple[str, str]:
    """Return `statement`, whose last word is a column, with the condition that it is among `values`, and these."""
    kind = "bigint" if isinstance(values[0], int) else "text"
    # JSON and not a list, which PostgreSQL's driver takes longer to write than the database takes to answer.
    each = f"ARRAY(SELECT json_array_elements_text(?::json)::{kind})"
    among = "IN (SELECT value FROM json_each(?))" if connection.dialect.name == SQLITE else f"= ANY({each})"
    return placed(f"{statement} {among}", connection.dialect.name), _encode(values).decode()


def _message(row: Row[Any]) -> Message:
    members: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    members["at"] /= _MICROSECONDS
    return Message(**members)


def _claimed(row: Row[Any], message: Message) -> Claimed:
    return Claimed(
        delivery_id=DeliveryId(row.id),
        endpoint_id=EndpointId(row.endpoint_id),
        message=message,
        attempt=row.attempts + 1,
        first_due=row.first_due / _MICROSECONDS,
        lease=row.claims,
    )
