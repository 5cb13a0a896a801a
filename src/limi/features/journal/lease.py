"""A writer's lease on its open intents.

A writer that dies cannot say how its intents ended, so another must, and must know that it is dead: each writer
renews a lease in the database, and when one ends any other writer ends its open intents. So that this stays cheap
in a journal of any size, each renewal also says up to which row nothing of the writer is open.

A lease may end while its writer lives, on a machine that was suspended for instance. Nothing is lost then: the
outcome it records later is written beside the `unknown` one, and the lease begins anew.

Everything here blocks and belongs to the writer's thread.
"""

from collections.abc import Sequence
from typing import Final

from limi.features.journal.model import JournalEntry
from limi.features.journal.ports import JournalStore
from limi.kernel.clock import Clock
from limi.kernel.facts import Fact, MintUnresolved, Origin, Outcome
from limi.kernel.ids import Ids, sortable_id

__all__ = ["WriterLease"]

_RENEWALS_PER_LEASE: Final = 3
"""Two renewals may fail before a lease ends."""

_MAX_OPEN: Final = 100_000
"""Open intents remembered one by one, about 15 MB. Past it, a sweep after a crash reads more rows than it must."""


class WriterLease:
    """Appends facts under a lease that is always held when it does."""

    def __init__(self, *, store: JournalStore, clock: Clock, ids: Ids, seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._seconds = seconds
        self.writer: Final = ids.hex(32)
        self.renewal_seconds: Final = seconds / _RENEWALS_PER_LEASE
        self._head: int | None = None
        self._due = float("-inf")
        self._open: dict[str, int] = {}
        self._settled_at_most: int | None = None

    def append(self, facts: Sequence[Fact]) -> None:
        """Write `facts` in one transaction, under the lease.

        Raises:
            JournalUnavailableError: when the database cannot be written.
            FactRefusedError: when a fact cannot be stored.
        """
        if self._clock.monotonic() >= self._due:
            self.renew()
        head = self._head or 0
        for fact in facts:
            if fact.outcome is Outcome.REQUESTED:
                self._open.setdefault(fact.id, head)
        self._store.append(facts, writer=self.writer)
        for fact in facts:
            if fact.resolves is not None:
                self._open.pop(fact.resolves, None)
        while len(self._open) > _MAX_OPEN:
            self._forget_oldest()

    def renew(self) -> None:
        """Hold the lease for its full time from now.

        Raises:
            JournalUnavailableError: when the database cannot be written.
        """
        started = self._clock.monotonic()
        until = self._clock.now() + self._seconds
        self._head = self._store.renew_lease(self.writer, until=until, settled=self._settled())
        self._due = started + self.renewal_seconds

    def tend(self) -> int:
        """Renew, then record `token.unresolved` for every intent that a dead writer left open; return how many.

        Raises:
            JournalUnavailableError: when the database cannot be written.
        """
        self.renew()
        return self._store.end_abandoned(self._ending, now=self._clock.now(), writer=self.writer)

    def release(self) -> None:
        """End the lease, so that what is still open is ended by the next writer that looks.

        Raises:
            JournalUnavailableError: when the database cannot be written.
        """
        self._store.release_lease(self.writer, now=self._clock.now())

    def _settled(self) -> int | None:
        """Return the row up to which none of this writer's intents is open; it may be too low, never too high.

        An intent is remembered with the journal's last row at the renewal before it, and intents are remembered in
        order, so the first one still open has the lowest of these rows.
        """
        if self._settled_at_most is not None:
            return self._settled_at_most
        return next(iter(self._open.values()), self._head)

    def _forget_oldest(self) -> None:
        oldest = next(iter(self._open))
        row = self._open.pop(oldest)
        if self._settled_at_most is None:
            self._settled_at_most = row

    def _ending(self, intent: JournalEntry) -> MintUnresolved:
        now = self._clock.now()
        return MintUnresolved(
            id=sortable_id(self._ids, now),
            at=now,
            origin=Origin(
                request_id=intent.request_id,
                caller=intent.caller,
                tenant=intent.tenant,
                ip=intent.ip,
                user_agent=intent.user_agent,
            ),
            session_id=intent.session_id,
            model=intent.model,
            resolves=intent.id,
        )
