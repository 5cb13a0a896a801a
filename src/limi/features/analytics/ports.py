"""What analytics needs from outside: a place that keeps events and rollups.

Every method raises `AnalyticsUnavailableError` when the store cannot be read or written.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from limi.features.analytics.model import ClientEvent, EventKey, Grain, Source, UsageQuery, UsageRow

__all__ = ["AnalyticsObserver", "ClientEventStore", "RollupStore"]


class ClientEventStore(Protocol):
    """Keeps what clients report."""

    async def add(self, events: Sequence[ClientEvent]) -> frozenset[EventKey]:
        """Keep `events` in one transaction, and return the keys of those that were not there; they are on disk.

        The first of several with one key is the one that is kept.
        """

    async def remove_events(self, *, before: float, limit: int) -> int:
        """Remove up to `limit` of the oldest events that came before the Unix second `before` and are counted.

        Returns:
            How many there were; fewer than `limit` when there are no more.
        """


class RollupStore(Protocol):
    """Counts the rows of both sources into rollups, and answers from these."""

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
        """Count the next rows of `source`, and move its cursor in the same transaction.

        Of several that do so at once one succeeds, so a row is counted once. It then has the source to itself for
        a while, which keeps the others from work in vain.

        Args:
            source: whose rows.
            worker: who counts.
            now: Unix seconds.
            lease_seconds: how long the source is this worker's after it has counted anything.
            limit: rows at most.
            oldest: for each grain the start of the oldest stretch that is kept.

        Returns:
            How many rows were counted; None where another worker has the source. Where a rebuild was cut short,
            some of what it forgets is removed instead, which counts as `limit` rows.
        """

    async def release(self, worker: str) -> None:
        """Let others have the sources that are this worker's."""

    async def behind(self) -> Mapping[Source, int]:
        """Return how far each cursor is behind its source's last row; numbers that were skipped count."""

    async def usage(self, query: UsageQuery, *, most: int) -> list[UsageRow]:
        """Return what was counted, in order of time and group; one row more than `most` means too many."""

    async def remove_rollups(self, *, oldest: Mapping[Grain, int], limit: int) -> int:
        """Remove up to `limit` rollups of each grain that began before the grain's oldest; return how many."""

    async def rebuild(self) -> None:
        """Forget what was counted, and begin anew with the oldest rows there are.

        Rollups of a time from which rows were removed since cannot be made anew, so they stay as they are. Of a
        source that is being counted anew already, nothing is forgotten.
        """


class AnalyticsObserver(Protocol):
    """Counts what happens at the intake."""

    def analytics_events(self, type: str, outcome: str) -> None:  # noqa: A002 - the label's name
        """Take note of one event: `accepted`, `duplicate` or `refused`."""
