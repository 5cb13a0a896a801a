"""Rollups of use, kept in SQL, and the cursors that say what is counted.

A row is counted once because the cursor moves in the transaction that writes the rollups, and only from where it
was when the rows were read: of two that count the same rows one finds it moved, and its work is nothing. So all
reading and adding up happens before the transaction, which holds SQLite's one lock for a single statement.

The cursor is a `seq`, which works because `seq` becomes visible in order: whoever writes rows of the journal or
events holds a lock from before it is given a number until after its commit.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, bindparam, func, select, tuple_, update

from limi.adapters.sql.access_database import micros
from limi.adapters.sql.analytics_database import AnalyticsDatabase, writing
from limi.adapters.sql.engine import SQLITE
from limi.adapters.sql.tables import client_events, journal, usage_projections, usage_rollups
from limi.adapters.sql.usage_cursors import Cursor, move_cursor, read_cursor, remade
from limi.adapters.sql.usage_queries import read_usage
from limi.adapters.sql.usage_removal import begin_rebuild, forget_part, remove_old
from limi.features.analytics.model import (
    COUNTS,
    ClientEvent,
    EventKey,
    EventType,
    Grain,
    RollupKey,
    Source,
    SourceRow,
    UsageQuery,
    UsageRow,
)
from limi.features.analytics.rollups import Tally, summarise
from limi.features.analytics.sketch import DurationSketch
from limi.features.analytics.sources import client_row, journal_row
from limi.kernel.frontends import Frontend

__all__ = ["SQLRollupStore"]

_MICROSECONDS: Final = 1_000_000
_KEY: Final = ("grain", "start", "tenant", "frontend", "model", "code", "source")
_ROWS: Final = 256
"""Rollups in one statement: 4,096 parameters."""

_FORGOTTEN: Final = 500
"""Rollups removed in one transaction: a few milliseconds, which a mint can wait."""
_PAUSE_SECONDS: Final = 0.02
"""Between two such transactions, so that others get the lock."""

_Tallies = Mapping[RollupKey, Tally]


class SQLRollupStore:
    """Implements `limi.features.analytics.ports.RollupStore`; whoever made the database closes it."""

    def __init__(self, *, database: AnalyticsDatabase) -> None:
        self._database = database

    async def project(
        self,
        source: Source,
        *,
        worker: str,
        now: float,
        lease_seconds: float,
        limit: int,
        oldest: Mapping[Grain, int],
    ) -> int | None:
        """Count the next rows of `source`, unless another worker has it; see the port."""
        lease = _Lease(worker, micros(now) or 0, micros(now + lease_seconds) or 0)
        return await self._database.run(partial(_project, source=source, lease=lease, limit=limit, oldest=oldest))

    async def release(self, worker: str) -> None:
        """Let others have the sources that are this worker's."""
        mine = update(usage_projections).where(usage_projections.c.owner == worker).values(owned_until=0)

        def change(engine: Engine) -> None:
            with writing(engine) as connection:
                connection.execute(mine)

        await self._database.run(change)

    async def behind(self) -> Mapping[Source, int]:
        """Return how far each cursor is behind its source."""
        return await self._database.run(_behind)

    async def usage(self, query: UsageQuery, *, most: int) -> list[UsageRow]:
        """Return what was counted, in order of time and group."""
        return await self._database.run(partial(read_usage, query=query, most=most))

    async def remove_rollups(self, *, oldest: Mapping[Grain, int], limit: int) -> int:
        """Remove rollups that began before the oldest that are kept; one stretch's go together."""
        return await self._database.run(partial(remove_old, oldest=oldest, limit=limit))

    async def rebuild(self) -> None:
        """Forget what was counted of a time of which all rows are here, and begin anew."""
        await self._database.run(begin_rebuild)
        for source in Source:
            more = True
            while more:
                more = await self._database.run(partial(_forget, source=source))
                await asyncio.sleep(_PAUSE_SECONDS)


@dataclass(frozen=True, slots=True)
class _Lease:
    worker: str
    now: int
    until: int


def _project(
    engine: Engine, *, source: Source, lease: _Lease, limit: int, oldest: Mapping[Grain, int]
) -> int | None:
    with engine.connect() as connection:
        cursor = read_cursor(connection, source)
        if cursor.owner not in ("", lease.worker) and cursor.owned_until > lease.now:
            return None
    if cursor.clearing:
        # Whoever rebuilt may have died in the middle of it.
        forget_part(engine, cursor, limit)
        return limit
    with engine.connect() as connection:
        part = _READ[source](connection, cursor, limit)
        if not part.number:
            return 0
        tallies = _tallies(part.rows, cursor, oldest)
        durations = _durations(connection, source, tallies)
    with writing(engine) as connection:
        if not move_cursor(connection, cursor, seq=part.last, owner=lease.worker, owned_until=lease.until):
            connection.rollback()
            return None
        _add(connection, source, tallies, durations)
    return part.number


def _forget(engine: Engine, *, source: Source) -> bool:
    """Remove some of what a rebuild makes anew, and say whether there is more."""
    with engine.connect() as connection:
        cursor = read_cursor(connection, source)
    return cursor.clearing and forget_part(engine, cursor, _FORGOTTEN)


def _tallies(rows: Sequence[SourceRow], cursor: Cursor, oldest: Mapping[Grain, int]) -> dict[RollupKey, Tally]:
    """Return what the rows add; those that were counted before a rebuild only add to what that forgot."""
    tallies = summarise((row for row in rows if row.seq > cursor.floor_seq), oldest=oldest)
    if cursor.seq < cursor.floor_seq:
        again = [row for row in rows if row.seq <= cursor.floor_seq]
        for key, tally in summarise(again, oldest=remade(oldest, cursor.floor_at)).items():
            tallies.setdefault(key, Tally()).add(tally.counts, tally.durations_ms)
    return tallies


@dataclass(frozen=True, slots=True)
class _Part:
    """The next rows of a source."""

    number: int
    """How many there are."""
    last: int
    """The last one's `seq`."""
    rows: Sequence[SourceRow]
    """What they count for; rows that count alike may be one here."""


_MINUTE: Final = journal.c.at // (60 * _MICROSECONDS) * 60
_NEXT: Final = (
    select(
        journal.c.seq,
        (journal.c.seq > bindparam("floor")).label("fresh"),
        _MINUTE.label("minute"),
        *(journal.c[name] for name in ("event", "tenant", "frontend", "model", "code", "detail")),
    )
    .where(journal.c.seq > bindparam("after"))
    .order_by(journal.c.seq)
    .limit(bindparam("most"))
    .subquery()
)
_ALIKE: Final = select(func.count(), func.max(_NEXT.c.seq), *list(_NEXT.c)[2:]).group_by(*list(_NEXT.c)[1:])
"""How many rows count alike, and their last `seq`.

The database adds up because there are few kinds of rows: with an object a row it took three times as long, and as
often as it went for a row it made the event loop's thread wait for the interpreter's lock.
"""


def _read_journal(connection: Connection, cursor: Cursor, limit: int) -> _Part:
    given = {"after": cursor.seq, "floor": cursor.floor_seq, "most": limit}
    number, last, rows = 0, 0, []
    for times, seq, minute, event, tenant, frontend, model, code, detail in connection.execute(_ALIKE, given):
        number, last = number + times, max(last, seq)
        row = journal_row(
            seq=seq,
            at=minute,
            event=event,
            tenant=tenant,
            frontend=frontend,
            model=model,
            code=code,
            detail=detail,
            times=times,
        )
        rows.append(row)
    return _Part(number, last, rows)


def _read_events(connection: Connection, cursor: Cursor, limit: int) -> _Part:
    fresh = select(client_events).where(client_events.c.seq > cursor.seq)
    found = connection.execute(fresh.order_by(client_events.c.seq).limit(limit))
    rows = [client_row(row.seq, _event(row)) for row in found]
    return _Part(len(rows), rows[-1].seq if rows else 0, rows)


def _event(row: Row[Any]) -> ClientEvent:
    # What a newer Limi may have written and this one does not know is counted as an error of an unknown kind.
    known = row.type in set(EventType)
    return ClientEvent(
        key=EventKey(row.tenant, row.id),
        type=EventType(row.type) if known else EventType.ERROR_OCCURRED,
        at=row.at / _MICROSECONDS,
        frontend=Frontend(row.frontend) if row.frontend in set(Frontend) else Frontend.UNKNOWN,
        duration_ms=row.duration_ms,
        code=row.code if known else row.type,
    )


_READ: Final = {Source.JOURNAL: _read_journal, Source.CLIENTS: _read_events}


def _durations(connection: Connection, source: Source, tallies: _Tallies) -> dict[RollupKey, bytes]:
    """Return the histograms of the rollups that get new durations, with these added."""
    keys = [key for key, tally in tallies.items() if tally.durations_ms]
    sketches = {key: DurationSketch(tallies[key].durations_ms) for key in keys}
    columns = [usage_rollups.c[name] for name in _KEY]
    for start in range(0, len(keys), _ROWS):
        some = [_key_values(key, source) for key in keys[start : start + _ROWS]]
        query = select(*columns, usage_rollups.c.durations).where(
            tuple_(*columns).in_(some), usage_rollups.c.durations.is_not(None)
        )
        for row in connection.execute(query):
            sketches[_key(row)].add(row.durations)
    return {key: sketch.encoded() for key, sketch in sketches.items()}


def _add(connection: Connection, source: Source, tallies: _Tallies, durations: Mapping[RollupKey, bytes]) -> None:
    rows = [(*_key_values(key, source), *tally.counts, durations.get(key)) for key, tally in tallies.items()]
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        statement = _upsert(len(some), connection.dialect.name)
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))


@lru_cache(maxsize=32)
def _upsert(rows: int, dialect: str) -> str:
    columns = (*_KEY, *COUNTS, "durations")
    mark = "?" if dialect == SQLITE else "%s"
    values = ", ".join([f"({', '.join([mark] * len(columns))})"] * rows)
    added = [f"{name} = usage_rollups.{name} + excluded.{name}" for name in COUNTS]
    return (
        f"INSERT INTO usage_rollups ({', '.join(columns)}) VALUES {values} "  # noqa: S608 - constants
        f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {', '.join(added)}, "
        "durations = COALESCE(excluded.durations, usage_rollups.durations)"
    )


def _key_values(key: RollupKey, source: Source) -> tuple[object, ...]:
    return (key.grain.seconds, *key[1:], source.value)


def _key(values: Sequence[Any]) -> RollupKey:
    """Return the key that the first columns of a row are, the source left out."""
    grain = next(grain for grain in Grain if grain.seconds == values[0])
    return RollupKey(grain, *values[1 : _KEY.index("source")])


def _behind(engine: Engine) -> Mapping[Source, int]:
    tables = {Source.JOURNAL: journal, Source.CLIENTS: client_events}
    with engine.connect() as connection:
        heads = {
            source: connection.execute(select(func.max(table.c.seq))).scalar() for source, table in tables.items()
        }
        return {
            source: max(0, (head or 0) - read_cursor(connection, source).seq) for source, head in heads.items()
        }
