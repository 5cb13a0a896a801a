"""What waits to be written: records on their first attempt, and outcomes to be tried again.

The two are bounded apart. Outcomes that pile up while the database is away must not keep new intents from being
tried, because these find out that it is back.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from limi.features.journal.errors import FactRefusedError, JournalFullError
from limi.kernel.facts import Fact
from limi.kernel.journal import JournalUnavailableError

__all__ = ["Backlog", "Record"]


class Record(msgspec.Struct, eq=False):
    """The facts of one `record` call, which are written together or not at all."""

    facts: Sequence[Fact]
    waiter: "asyncio.Future[None]"
    again: bool = False
    """Whether it was kept for another attempt; the one before may have succeeded unnoticed."""

    @property
    def is_outcome(self) -> bool:
        """Say whether it only ends intents: these outlive a failure, since what they tell has happened."""
        return bool(self.facts) and all(fact.resolves is not None for fact in self.facts)

    def succeed(self) -> None:
        """Tell whoever waits that the facts are on disk."""
        if not self.waiter.done():
            self.waiter.set_result(None)

    def fail(self, cause: Exception) -> None:
        """Tell whoever waits that they are not."""
        if not self.waiter.done():
            # Each waiter gets an exception of its own: raising a shared one in many tasks mixes their tracebacks.
            error = JournalUnavailableError(_reason(cause))
            error.__cause__ = cause
            self.waiter.set_exception(error)
            self.waiter.exception()  # Marks it as seen: outcomes are not awaited and must not cause a warning.


class Backlog:
    """Two bounded queues of records."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._new: deque[Record] = deque()
        self._kept: deque[Record] = deque()
        self.arrival = asyncio.Event()
        """Set by a new record that comes while no other waits; cleared by whoever waits for one."""
        self.queued = 0
        """Facts waiting for their first attempt."""
        self.kept = 0
        """Facts waiting for another attempt."""

    @property
    def has_new(self) -> bool:
        """Say whether a record waits for its first attempt; it may be one without facts."""
        return bool(self._new)

    def add(self, record: Record) -> None:
        """Queue `record` at the end.

        Raises:
            JournalFullError: when its facts would exceed the limit.
        """
        count = len(record.facts)
        if self.queued + count > self._limit:
            raise JournalFullError(limit=self._limit)
        if not self._new:
            self.arrival.set()
        self._new.append(record)
        self.queued += count

    def keep(self, records: Iterable[Record]) -> int:
        """Queue outcomes for another attempt, as far as there is room.

        Returns:
            How many facts found none.
        """
        dropped = 0
        for record in records:
            count = len(record.facts)
            if self.kept + count > self._limit:
                dropped += count
                continue
            record.again = True
            self._kept.append(record)
            self.kept += count
        return dropped

    def take(self, limit: int) -> list[Record]:
        """Remove and return up to `limit` facts' records, at least one record; new ones have precedence.

        The kept ones stand first in the answer, because they are older.
        """
        if not self._kept and self.queued <= limit:
            return self.take_new()
        new = _take(self._new, limit)
        taken = sum(len(record.facts) for record in new)
        kept = _take(self._kept, limit - taken) if taken < limit else []
        self.queued -= taken
        self.kept -= sum(len(record.facts) for record in kept)
        return kept + new

    def take_new(self) -> list[Record]:
        """Remove and return every record that waits for its first attempt."""
        records = list(self._new)
        self._new.clear()
        self.queued = 0
        return records


def _take(records: deque[Record], limit: int) -> list[Record]:
    taken: list[Record] = []
    count = 0
    while records and (not taken or count + len(records[0].facts) <= limit):
        record = records.popleft()
        count += len(record.facts)
        taken.append(record)
    return taken


def _reason(cause: Exception) -> str:
    # Only these errors' messages are known to hold nothing of the facts themselves.
    return str(cause) if isinstance(cause, JournalUnavailableError | FactRefusedError) else "the store failed"
