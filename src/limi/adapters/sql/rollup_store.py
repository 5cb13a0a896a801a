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

from sqlalchemy import Connection, Engine, func, select, tuple_, update

from limi.adapters.sql.access_database import micros
from limi.adapters.sql.analytics_database import AnalyticsDatabase, writing
from limi.adapters.sql.engine import SQLITE
from limi.adapters.sql.tables import client_events, journal, usage_projections, usage_rollups
from limi.adapters.sql.usage_cursors import Cursor, move_cursor, read_cursor, remade
from limi.adapters.sql.usage_queries import read_usage
from limi.adapters.sql.usage_removal import begin_rebuild, forget_part, remove_old
from limi.adapters.sql.usage_sources import read_part
from limi.features.analytics.model import (
    COUNTS,
    Grain,
    RollupKey,
    Source,
    SourceRow,
    UsageQuery,
    UsageRow,
)
from limi.features.analytics.rollups import Tally, summarise
from limi.features.analytics.sketch import DurationSketch

__all__ = ["SQLRollupStore"]

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
        part = read_part(connection, source, cursor, limit)
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
