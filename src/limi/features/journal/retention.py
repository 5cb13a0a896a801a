"""Removes rows that are older than they may be kept, up to a checkpoint, which stays as the new start.

First a checkpoint of the kind `start` is signed: it says where each chain begins from now on. Then the rows go,
a few at a time so that no commit waits long, and at last the older checkpoints. Stopped in between, the next run
goes on; and whoever verifies meanwhile is told by the start that rows may be missing.
"""

from collections.abc import Callable
from typing import Final

import structlog

from limi.features.journal.lines import iso_time
from limi.features.journal.model import Checkpoint, Selection, WriterEnd
from limi.features.journal.ports import JournalStore
from limi.features.journal.sealing import Signer, start_ends, start_first
from limi.kernel.clock import Clock

__all__ = ["Retention"]

_ROWS: Final = 500
"""Rows looked at in one transaction: a few milliseconds, which a mint can wait."""
_CHECKPOINTS: Final = 500
_DAY_SECONDS: Final = 86_400.0

_log = structlog.get_logger(__name__)


class Retention:
    """Knows how long rows are kept. `run` blocks and belongs to a thread of its own."""

    def __init__(
        self, *, store: JournalStore, signer: Signer, clock: Clock, days: float, pause: Callable[[], bool]
    ) -> None:
        """Keep the parts.

        Args:
            store: the journal's.
            signer: signs the new start.
            clock: says how old a row is.
            days: how long rows are kept at least; they stay until the next checkpoint is as old.
            pause: waits between two transactions, so that others get the lock; false says stop.
        """
        self._store = store
        self._signer = signer
        self._clock = clock
        self._days = days
        self._pause = pause

    def run(self) -> bool:
        """Remove what is too old, and say whether there was anything.

        Raises:
            JournalUnavailableError: when the database cannot be read or written.
        """
        seals = self._store.seals
        start = seals.latest_start()
        if start is not None and not self._remove(start):
            return False
        cut = seals.last_before(self._clock.now() - self._days * _DAY_SECONDS)
        if cut is None or (start is not None and start_first(start) >= cut.number):
            return False
        made = seals.add(self._signer.start(cut.number, self._ends(cut, start)))
        if not self._remove(made):
            return False
        _log.info("journal.rows_removed", up_to=cut.seq, older_than=iso_time(cut.at))
        return True

    def _ends(self, cut: Checkpoint, before: Checkpoint | None) -> list[WriterEnd]:
        """Return up to where each writer's rows go; writers of whom nothing is left are not named again."""
        seals = self._store.seals
        ends: dict[str, WriterEnd] = {}
        if before is not None:
            left = seals.writers_after(start_first(before))
            ends = {end.writer: end for end in start_ends(before) if end.writer in left}
        return list((ends | {end.writer: end for end in seals.ends_at(cut.number)}).values())

    def _remove(self, start: Checkpoint) -> bool:
        """Remove what `start` says is removed, as far as it is there; return false when stopped in between."""
        seals, first = self._store.seals, start_first(start)
        up_to = seals.page(after=first - 1, limit=1, from_seq=0, up_to_seq=start.seq)[0].seq
        ends, after = start_ends(start), 0
        while rows := self._store.entries(after=after, limit=1, selection=Selection()):
            if rows[0].seq > up_to:
                break
            after = min(rows[0].seq - 1 + _ROWS, up_to)
            seals.remove_rows(after=rows[0].seq - 1, up_to=after, ends=ends)
            if not self._pause():
                return False
        while seals.remove_checkpoints(below=first, limit=_CHECKPOINTS) == _CHECKPOINTS:
            if not self._pause():
                return False
        return True
