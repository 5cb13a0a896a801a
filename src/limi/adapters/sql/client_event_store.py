"""What clients report, kept in SQL. A batch is one statement of driver SQL, for the reasons in `journal_rows`."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Connection, Engine, select

from limi.adapters.sql.access_database import micros
from limi.adapters.sql.analytics_database import AnalyticsDatabase, writing
from limi.adapters.sql.engine import SQLITE, WRITE_LOCK_ID
from limi.adapters.sql.tables import client_events, usage_projections
from limi.features.analytics.model import ClientEvent, EventKey, Source

__all__ = ["EVENT_LOCK_ID", "SQLClientEventStore"]

EVENT_LOCK_ID: Final = WRITE_LOCK_ID + 1
"""The number by which writers of events know their lock on PostgreSQL.

It hands out `seq` before the commit, so of two writers at once the later number could be there first, and the
cursor would pass the other by. They take turns instead; the journal's writers, who have a lock of their own, do
not wait for them.
"""

_COLUMNS: Final = (
    "tenant",
    "id",
    "type",
    "at",
    "frontend",
    "session_id",
    "duration_ms",
    "transport",
    "code",
    "message",
)
_MAX_ROWS: Final = 512
"""Rows in one statement of SQLite: 5,120 parameters, below the 32,766 that it takes."""

_encode: Final = msgspec.json.Encoder().encode
_Row = tuple[object, ...]


class SQLClientEventStore:
    """Implements `limi.features.analytics.ports.ClientEventStore`; whoever made the database closes it."""

    def __init__(self, *, database: AnalyticsDatabase) -> None:
        self._database = database

    async def add(self, events: Sequence[ClientEvent]) -> frozenset[EventKey]:
        """Keep `events`, and return the keys of those that were not there."""
        rows = [_row(event) for event in events]
        if not rows:
            return frozenset()

        def insert(engine: Engine) -> frozenset[EventKey]:
            with writing(engine) as connection:
                return frozenset(_insert(connection, rows))

        return await self._database.run(insert)

    async def remove_events(self, *, before: float, limit: int) -> int:
        """Remove some of the oldest events that came before a time and are counted."""
        return await self._database.run(lambda engine: _remove(engine, micros(before) or 0, limit))


def _row(event: ClientEvent) -> _Row:
    return (
        event.key.tenant,
        event.key.id,
        event.type.value,
        micros(event.at),
        event.frontend.value,
        event.session_id,
        event.duration_ms,
        event.transport,
        event.code,
        event.message,
    )


def _insert(connection: Connection, rows: Sequence[_Row]) -> set[EventKey]:
    fresh: set[EventKey] = set()
    if connection.dialect.name == SQLITE:
        for start in range(0, len(rows), _MAX_ROWS):
            fresh.update(_insert_as_parameters(connection, rows[start : start + _MAX_ROWS]))
    else:
        body = _encode([dict(zip(_COLUMNS, row, strict=True)) for row in rows]).decode()
        fresh.update(EventKey(*row) for row in connection.exec_driver_sql(_INSERT_JSON, (body,)))
    return fresh


def _insert_as_parameters(connection: Connection, rows: Sequence[_Row]) -> Iterable[EventKey]:
    # As in `journal_rows`: few statements, padded with copies of the last row, which is skipped.
    size = 1 << (len(rows) - 1).bit_length()
    padded: Iterable[_Row] = chain(rows, (rows[-1],) * (size - len(rows)))
    inserted = connection.exec_driver_sql(_insert_values(size), tuple(chain.from_iterable(padded)))
    return [EventKey(*row) for row in inserted]


def _remove(engine: Engine, before: int, limit: int) -> int:
    counted = select(usage_projections.c.seq).where(usage_projections.c.source == Source.CLIENTS.value)
    done = client_events.c.seq <= counted.scalar_subquery()
    oldest = select(client_events.c.seq).where(done).order_by(client_events.c.seq).limit(limit)
    with engine.connect() as connection:
        first = select(client_events.c.at).where(done).order_by(client_events.c.seq).limit(1)
        at = connection.execute(first).scalar()
        if at is None or at >= before:
            # Looked at without a lock: most of the time there is nothing to do.
            return 0
    with writing(engine) as connection:
        old = client_events.c.at < before
        removed = connection.execute(client_events.delete().where(client_events.c.seq.in_(oldest), old)).rowcount
        mark = usage_projections.update().where(
            usage_projections.c.source == Source.CLIENTS.value, usage_projections.c.removed_before < before
        )
        connection.execute(mark.values(removed_before=before))
        return removed


@lru_cache(maxsize=16)
def _insert_values(rows: int) -> str:
    row = f"({', '.join('?' * len(_COLUMNS))})"
    values = ", ".join([row] * rows)
    return (
        f"INSERT INTO client_events ({', '.join(_COLUMNS)}) VALUES {values} "  # noqa: S608 - constants
        "ON CONFLICT DO NOTHING RETURNING tenant, id"
    )


def _type_in_json(name: str) -> str:
    return "bigint" if isinstance(client_events.c[name].type, BigInteger) else "text"


_INSERT_JSON: Final = (
    f"INSERT INTO client_events ({', '.join(_COLUMNS)}) SELECT {', '.join(f'row.{name}' for name in _COLUMNS)} "  # noqa: S608 - as above
    f"FROM (SELECT pg_advisory_xact_lock({EVENT_LOCK_ID})) AS held, ROWS FROM (json_to_recordset(%s::json) AS "
    f"({', '.join(f'{name} {_type_in_json(name)}' for name in _COLUMNS)})) WITH ORDINALITY "
    f"AS row ({', '.join(_COLUMNS)}, place) ORDER BY row.place ON CONFLICT DO NOTHING RETURNING tenant, id"
)
