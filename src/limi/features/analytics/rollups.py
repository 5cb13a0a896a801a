"""From rows to rollups: pure adding up, so that order, cuts and repeats of the work change nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from limi.features.analytics.model import NOTHING, Counts, Grain, RollupKey, SourceRow

__all__ = ["Tally", "summarise"]


@dataclass(slots=True)
class Tally:
    """What happened in one rollup, as far as the rows at hand tell."""

    counts: Counts = NOTHING
    durations_ms: list[int] = field(default_factory=list)

    def add(self, counts: Counts, durations_ms: Iterable[int]) -> None:
        """Add what happened besides."""
        self.counts = self.counts.plus(counts)
        self.durations_ms += durations_ms


def summarise(rows: Iterable[SourceRow], *, oldest: Mapping[Grain, int]) -> dict[RollupKey, Tally]:
    """Return what `rows` add to which rollups.

    Args:
        rows: of one source, in any order.
        oldest: for each grain, the start of the oldest stretch that is still counted.
    """
    # Longer stretches are whole minutes, so each row is looked at once.
    minutes: dict[RollupKey, Tally] = {}
    for row in rows:
        if row.counts is not None:
            key = RollupKey(Grain.MINUTE, int(row.at // 60) * 60, row.tenant, row.frontend, row.model, row.code)
            _add(minutes, key, row.counts, () if row.duration_ms is None else (row.duration_ms,))
    tallies: dict[RollupKey, Tally] = {}
    for key, tally in minutes.items():
        for grain, first in oldest.items():
            start = grain.start(key.start)
            if start >= first:
                _add(tallies, key._replace(grain=grain, start=start), tally.counts, tally.durations_ms)
    return tallies


def _add(tallies: dict[RollupKey, Tally], key: RollupKey, counts: Counts, durations_ms: Iterable[int]) -> None:
    tally = tallies.get(key)
    if tally is None:
        tally = tallies[key] = Tally()
    tally.add(counts, durations_ms)
