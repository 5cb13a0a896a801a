"""The checkpoints of a journal in memory."""

import threading
from collections.abc import Callable, Sequence

from limi.features.journal.model import Checkpoint, CheckpointKind, WriterEnd
from limi.features.journal.ports import MakeCheckpoint

__all__ = ["InMemorySealStore"]


class InMemorySealStore:
    """Implements `SealStore` beside the entries of `InMemoryJournalStore`."""

    def __init__(
        self,
        *,
        lock: threading.Lock,
        head: Callable[[], int],
        leased: Callable[[], set[str]],
        unsealed: Callable[[float], list[WriterEnd]],
        mark_sealed: Callable[[str], None],
        remove: Callable[[int, int, Sequence[WriterEnd]], None],
    ) -> None:
        """Keep the parts, all of which are called under the lock.

        Args:
            lock: the journal's.
            head: returns its last `seq`.
            leased: returns the writers with a lease.
            unsealed: returns where the chains of dead writers end.
            mark_sealed: notes that a writer's rows are covered.
            remove: removes entries.
        """
        self._lock = lock
        self._head = head
        self._leased = leased
        self._unsealed = unsealed
        self._mark_sealed = mark_sealed
        self._remove = remove
        self._checkpoints: list[Checkpoint] = []

    def add(self, make: MakeCheckpoint) -> Checkpoint:
        """Append `make(last checkpoint, last seq)`, and return it."""
        with self._lock:
            return self._add(make)

    def page(self, *, after: int, limit: int, from_seq: int, up_to_seq: int) -> list[Checkpoint]:
        """Return up to `limit` checkpoints whose number is above `after`, in order."""
        with self._lock:
            return [
                each for each in self._checkpoints if each.number > after and from_seq <= each.seq <= up_to_seq
            ][:limit]

    def last(self) -> Checkpoint | None:
        """Return the last checkpoint."""
        return self._last(lambda _: True)

    def latest_start(self) -> Checkpoint | None:
        """Return the last checkpoint of the kind `start`."""
        return self._last(lambda each: each.kind is CheckpointKind.START)

    def last_before(self, at: float) -> Checkpoint | None:
        """Return the last checkpoint that was written before the Unix second `at`."""
        return self._last(lambda each: each.at < at)

    def ends_at(self, number: int) -> list[WriterEnd]:
        """Return, for each writer with checkpoints up to `number`, what the last of these signs."""
        with self._lock:
            ends = {
                each.writer: WriterEnd(each.writer, each.end)
                for each in self._checkpoints
                if each.number <= number and each.writer and each.end
            }
        return list(ends.values())

    def writers_after(self, number: int) -> set[str]:
        """Return the writers that still have a lease, and those with checkpoints after `number`."""
        with self._lock:
            later = {each.writer for each in self._checkpoints if each.number > number and each.writer}
            return later | self._leased()

    def unsealed(self, *, now: float) -> list[WriterEnd]:
        """Return where the chains end of writers whose lease has ended and which `mark_sealed` does not know."""
        with self._lock:
            return self._unsealed(now)

    def seal_dead(self, head: Callable[[WriterEnd], MakeCheckpoint], *, now: float) -> list[Checkpoint]:
        """Append a checkpoint for each chain that `unsealed` tells of, and mark its writer as sealed."""
        with self._lock:
            ends = self._unsealed(now)
            made = [self._add(head(end)) for end in ends if end.end.n]
            for end in ends:
                self._mark_sealed(end.writer)
        return made

    def mark_sealed(self, writer: str) -> None:
        """Take note that a checkpoint covers all rows of `writer`, until it renews its lease."""
        with self._lock:
            self._mark_sealed(writer)

    def remove_rows(self, *, after: int, up_to: int, ends: Sequence[WriterEnd]) -> None:
        """Remove the rows with `seq` in (`after`, `up_to`] which one of `ends` covers or which have no chain."""
        with self._lock:
            self._remove(after, up_to, ends)

    def remove_checkpoints(self, *, below: int, limit: int) -> int:
        """Remove up to `limit` checkpoints whose number is below `below`; return how many there were."""
        with self._lock:
            gone = [each for each in self._checkpoints if each.number < below][:limit]
            self._checkpoints = [each for each in self._checkpoints if each not in gone]
            return len(gone)

    def _add(self, make: MakeCheckpoint) -> Checkpoint:
        made = make(self._checkpoints[-1] if self._checkpoints else None, self._head())
        self._checkpoints.append(made)
        return made

    def _last(self, fits: Callable[[Checkpoint], bool]) -> Checkpoint | None:
        with self._lock:
            return next((each for each in reversed(self._checkpoints) if fits(each)), None)
