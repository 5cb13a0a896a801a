"""Events and rollups in memory: a working store for tests and for those who build on Limi."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from limi.features.analytics.model import (
    NOTHING,
    ClientEvent,
    Counts,
    Dimension,
    EventKey,
    Grain,
    RollupKey,
    Source,
    SourceRow,
    UsageQuery,
    UsageRow,
)
from limi.features.analytics.rollups import summarise
from limi.features.analytics.sketch import DurationSketch
from limi.features.analytics.sources import client_row

__all__ = ["InMemoryAnalyticsStore"]

ReadJournal = Callable[[int, int], Awaitable[Sequence[SourceRow]]]
"""Returns rows of the journal after a `seq`, as many as the second number says at most."""

_UNRESOLVED: Final = Counts(unresolved=1)
_FAR: Final = 1_000_000
"""Rows that a cursor is behind at most."""


@dataclass(slots=True)
class _Cursor:
    seq: int = 0
    owner: str = ""
    until: float = 0.0
    floor_seq: int = 0
    """Rows up to here are counted anew, and only for stretches that were forgotten."""
    floor_at: float = 0.0
    """Stretches that begin before were not forgotten."""


@dataclass(slots=True)
class _Rollup:
    counts: Counts
    durations: DurationSketch


class InMemoryAnalyticsStore:
    """Implements both ports; nothing outlives the process."""

    def __init__(self, *, journal: ReadJournal | None = None) -> None:
        """Keep nothing yet.

        Args:
            journal: what is counted beside clients' events; nothing unless given.
        """
        self._journal = journal
        self._head = 0
        self._events: dict[EventKey, tuple[int, ClientEvent]] = {}
        self._removed_before = 0.0
        self._cursors = {source: _Cursor() for source in Source}
        self._rollups: dict[tuple[Source, RollupKey], _Rollup] = {}
        self._unresolved: dict[str, SourceRow] = {}
        """By intent, what was counted as unresolved; few, for servers seldom die."""

    async def add(self, events: Sequence[ClientEvent]) -> frozenset[EventKey]:
        """Keep `events`, and return the keys of those that were not there."""
        fresh = set()
        for event in events:
            if event.key not in self._events:
                self._head += 1
                self._events[event.key] = (self._head, event)
                fresh.add(event.key)
        return frozenset(fresh)

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
        """Count the next rows of `source`, unless another worker has it."""
        cursor = self._cursors[source]
        if cursor.owner not in ("", worker) and cursor.until > now:
            return None
        seq = cursor.seq
        rows = await self._read(source, seq, limit)
        if not rows:
            return 0
        if cursor.seq != seq:
            return None  # Another worker was quicker.
        counting = list(self._corrected(rows))
        old = [row for row in counting if row.seq <= cursor.floor_seq]
        self._count(source, [row for row in counting if row.seq > cursor.floor_seq], oldest)
        self._count(source, old, _forgotten(oldest, cursor.floor_at))
        cursor.seq, cursor.owner, cursor.until = rows[-1].seq, worker, now + lease_seconds
        return len(rows)

    async def release(self, worker: str) -> None:
        """Let others have the sources that are this worker's."""
        for cursor in self._cursors.values():
            if cursor.owner == worker:
                cursor.until = 0.0

    async def behind(self) -> Mapping[Source, int]:
        """Return how far each cursor is behind its source."""
        left = {}
        for source, cursor in self._cursors.items():
            rows = await self._read(source, cursor.seq, _FAR)
            left[source] = rows[-1].seq - cursor.seq if rows else 0
        return left

    async def usage(self, query: UsageQuery, *, most: int) -> list[UsageRow]:
        """Return what was counted, in order of time and group."""
        answers: dict[tuple[int, tuple[str, ...]], _Rollup] = {}
        for (_, key), rollup in self._rollups.items():
            if key.grain is not query.grain or not query.since <= key.start < query.until:
                continue
            if any(_value(key, dimension) != value for dimension, value in query.where.items()):
                continue
            group = tuple(_value(key, dimension) for dimension in query.group)
            place = (key.start if query.series else query.since, group)
            answer = answers.setdefault(place, _Rollup(Counts(), DurationSketch()))
            answer.counts = answer.counts.plus(rollup.counts)
            answer.durations.add(rollup.durations.encoded())
        rows = [
            UsageRow(
                start=start,
                group=group,
                counts=answer.counts,
                durations=answer.durations if len(answer.durations) else None,
            )
            for (start, group), answer in sorted(answers.items(), key=lambda each: each[0])
            if answer.counts != NOTHING
        ]
        return rows[: most + 1]

    async def remove_events(self, *, before: float, limit: int) -> int:
        """Remove events that came `before` a time and are counted."""
        counted = self._cursors[Source.CLIENTS].seq
        removed = [key for key, (seq, event) in self._events.items() if event.at < before and seq <= counted][
            :limit
        ]
        for key in removed:
            del self._events[key]
        if removed:
            self._removed_before = max(self._removed_before, before)
        return len(removed)

    async def remove_rollups(self, *, oldest: Mapping[Grain, int], limit: int) -> int:
        """Remove rollups that began before the oldest that are kept."""
        removed = [place for place in self._rollups if place[1].start < oldest[place[1].grain]][:limit]
        for place in removed:
            del self._rollups[place]
        return len(removed)

    async def rebuild(self) -> None:
        """Forget what was counted of a time of which all rows are here, and begin anew."""
        for source, cursor in self._cursors.items():
            if cursor.seq < cursor.floor_seq:
                continue
            cursor.floor_at = self._removed_before if source is Source.CLIENTS else 0.0
            first = _forgotten(dict.fromkeys(Grain, 0), cursor.floor_at)
            gone = [
                place for place in self._rollups if place[0] is source and place[1].start >= first[place[1].grain]
            ]
            for place in gone:
                del self._rollups[place]
            cursor.floor_seq, cursor.seq = cursor.seq, 0

    async def _read(self, source: Source, after: int, limit: int) -> Sequence[SourceRow]:
        if source is Source.JOURNAL:
            return await self._journal(after, limit) if self._journal else ()
        found = [client_row(seq, event) for seq, event in self._events.values() if seq > after]
        return found[:limit]

    def _corrected(self, rows: Sequence[SourceRow]) -> Iterator[SourceRow]:
        """Give the rows, and after one that shows an earlier one to be wrong another, which takes that back."""
        for row in rows:
            yield row
            if row.ends is None or row.counts is None:
                continue
            if row.counts.unresolved:
                self._unresolved[row.ends] = row
            elif wrong := self._unresolved.get(row.ends):
                yield msgspec.structs.replace(wrong, seq=row.seq, counts=_UNRESOLVED.times(-1))

    def _count(self, source: Source, rows: Sequence[SourceRow], oldest: Mapping[Grain, int]) -> None:
        for key, tally in summarise(rows, oldest=oldest).items():
            rollup = self._rollups.setdefault((source, key), _Rollup(Counts(), DurationSketch()))
            rollup.counts = rollup.counts.plus(tally.counts)
            rollup.durations.add(DurationSketch(tally.durations_ms).encoded())


def _forgotten(oldest: Mapping[Grain, int], floor_at: float) -> Mapping[Grain, int]:
    """Return from where on stretches can be made anew: those that begin after the last row that is gone."""
    return {grain: max(first, grain.end(floor_at)) for grain, first in oldest.items()}


def _value(key: RollupKey, dimension: Dimension) -> str:
    value: str = getattr(key, dimension.value)
    return value
