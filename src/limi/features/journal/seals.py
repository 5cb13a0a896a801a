"""When a writer's chain is sealed with a checkpoint: every 1,000 rows, every minute, and at the stop.

What is written after the last checkpoint can be cut off without a trace by whoever has the database, so both
numbers are small; what a checkpoint costs is one transaction and a signature of 0.1 ms.
"""

from typing import Final

import structlog

from limi.features.journal.model import CHAIN_START, Checkpoint, Link, WriterEnd
from limi.features.journal.ports import JournalStore
from limi.features.journal.sealing import Signer
from limi.kernel.clock import Clock
from limi.kernel.journal import JournalUnavailableError

__all__ = ["ChainSealer"]

_ROWS: Final = 1000
_SECONDS: Final = 60.0

_log = structlog.get_logger(__name__)


class ChainSealer:
    """Seals the chain of one writer, and those of writers that died."""

    def __init__(self, *, store: JournalStore, clock: Clock, signer: Signer, writer: str) -> None:
        self._store = store
        self._clock = clock
        self._signer = signer
        self._writer = writer
        self._sealed = CHAIN_START
        self._sealed_at = clock.monotonic()
        self._last_number = 0

    def seal(self, end: Link, *, at_once: bool = False) -> None:
        """Sign that the chain has come to `end`, if that is new and due; a failure leaves it for the next time."""
        if end == self._sealed:
            self._sealed_at = self._clock.monotonic()
            return
        rows, seconds = end.n - self._sealed.n, self._clock.monotonic() - self._sealed_at
        # A chain that became shorter is another database's: it has no checkpoint there yet.
        if not (at_once or rows < 0 or rows >= _ROWS or seconds >= _SECONDS):
            return
        try:
            self._compare(self._store.seals.add(self._signer.head(WriterEnd(self._writer, end))))
        except JournalUnavailableError as exc:
            _log.warning("journal.checkpoint_failed", error=str(exc))
            return
        self._sealed, self._sealed_at = end, self._clock.monotonic()

    def seal_the_dead(self, *, now: float) -> None:
        """Sign how far the chains of writers have come whose lease ended before `now`.

        Raises:
            JournalUnavailableError: when the database cannot be read or written.
        """
        for made in self._store.seals.seal_dead(self._signer.head, now=now):
            self._compare(made)

    def _compare(self, made: Checkpoint) -> None:
        """Take note of a new checkpoint, whose number must be above that of the last one this process made."""
        if made.number <= self._last_number:
            _log.error("journal.checkpoints_missing", expected_above=self._last_number, found=made.number - 1)
        self._last_number = made.number
