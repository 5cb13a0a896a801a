"""A writer's lease on its open intents.

A writer that dies cannot say how its intents ended, so another must, and must know that it is dead: each writer
renews a lease in the database, and when one ends any other writer ends its open intents. So that this stays cheap
in a journal of any size, each renewal also says up to which row nothing of the writer is open.

Its chain is the writer's too: whoever holds the lease knows the chain's end, seals it with a checkpoint every
1,000 rows or minute and at the stop, and seals the chains of the dead, who could not.

A lease may end while its writer lives, on a machine that was suspended for instance. Nothing is lost then: the
outcome it records later is written beside the `unknown` one, and the lease begins anew.

Everything here blocks and belongs to the writer's thread.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from limi.features.journal.chain import Chain
from limi.features.journal.errors import FactRefusedError
from limi.features.journal.model import CHAIN_START, JournalEntry, Link
from limi.features.journal.ports import Delivery, JournalStore, Outbox, wanted_by_nobody
from limi.features.journal.privacy import OriginPrivacy
from limi.features.journal.sealing import Signer
from limi.features.journal.seals import ChainSealer
from limi.kernel.clock import Clock
from limi.kernel.facts import Fact, MintUnresolved, Origin, Outcome
from limi.kernel.frontends import Frontend
from limi.kernel.ids import Ids, sortable_id
from limi.kernel.journal import JournalUnavailableError

__all__ = ["WriterLease"]

_RENEWALS_PER_LEASE: Final = 3
"""Two renewals may fail before a lease ends."""

_MAX_OPEN: Final = 100_000
"""Open intents remembered one by one, about 15 MB. Past it, a sweep after a crash reads more rows than it must."""

# Read once: in Python 3.11 naming the member costs more than comparing it.
_REQUESTED: Final = Outcome.REQUESTED

_log = structlog.get_logger(__name__)


class WriterLease:
    """Appends facts under a lease that is always held when it does."""

    def __init__(
        self,
        *,
        store: JournalStore,
        clock: Clock,
        ids: Ids,
        seconds: float,
        signer: Signer | None = None,
        privacy: OriginPrivacy | None = None,
        outbox: Outbox | None = None,
    ) -> None:
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
        self._chain = Chain(self.writer)
        self._in_doubt = False
        self._privacy = privacy
        self._outbox = outbox
        self._sealer = ChainSealer(store=store, clock=clock, signer=signer, writer=self.writer) if signer else None

    def append(self, facts: Sequence[Fact], *, again: bool = False) -> None:
        """Write `facts` in one transaction, under the lease.

        Args:
            facts: what is written.
            again: whether some may be written already, by an attempt whose end nobody learnt.

        Raises:
            JournalUnavailableError: when the database cannot be written.
            FactRefusedError: when a fact cannot be stored.
        """
        if self._clock.monotonic() >= self._due:
            self.renew()
        head = self._head or 0
        for fact in facts:
            if fact.outcome is _REQUESTED:
                self._open.setdefault(fact.id, head)
        self._append_to_chain(self._kept(self._unwritten(facts) if again else facts))
        for fact in facts:
            if fact.resolves is not None:
                self._open.pop(fact.resolves, None)
        while len(self._open) > _MAX_OPEN:
            self._forget_oldest()
        self._seal()

    def renew(self) -> None:
        """Hold the lease for its full time from now.

        Raises:
            JournalUnavailableError: when the database cannot be written.
        """
        started = self._clock.monotonic()
        until = self._clock.now() + self._seconds
        end = None if self._in_doubt else self._chain.end
        try:
            self._head = self._store.renew_lease(self.writer, until=until, settled=self._settled(), end=end)
        except JournalUnavailableError:
            # The database may be another one when it is back.
            self._in_doubt = True
            raise
        self._due = started + self.renewal_seconds

    def tend(self) -> int:
        """Renew, then record `token.unresolved` for every intent that a dead writer left open; return how many.

        Chains are sealed, too, this one's when it is due and those of dead writers.

        Raises:
            JournalUnavailableError: when the database cannot be written.
        """
        self.renew()
        self._find_end()
        now = self._clock.now()
        if self._sealer:
            # First: where a dead writer's chain ends is found among the rows that are not settled yet.
            self._sealer.seal_the_dead(now=now)
        ended = self._end_abandoned(now)
        self._seal()
        return ended

    def release(self) -> None:
        """End the lease, so that what is still open is ended by the next writer that looks.

        Raises:
            JournalUnavailableError: when the database cannot be written.
        """
        self._find_end()
        self._seal(at_once=True)
        self._store.release_lease(self.writer, now=self._clock.now())
        if self._sealer:
            self._store.seals.mark_sealed(self.writer)

    def _append_to_chain(self, facts: Sequence[Fact]) -> None:
        self._find_end()
        links = self._chain.links(facts)
        deliveries = self._deliveries(facts)
        self._in_doubt = True
        try:
            self._store.append(facts, writer=self.writer, links=links, deliveries=deliveries)
        except FactRefusedError:
            self._in_doubt = False
            raise
        self._advance(links)
        if self._outbox and deliveries:
            self._outbox.written(len(deliveries))

    def _deliveries(self, facts: Sequence[Fact]) -> Sequence[Delivery]:
        if self._outbox is None:
            return ()
        wanted = self._outbox.wanted
        return [(fact.id, endpoint) for fact in facts for endpoint in wanted(fact)]

    def _end_abandoned(self, now: float) -> int:
        links: list[Link] = []
        count = 0

        def link(facts: Sequence[Fact]) -> Sequence[Link]:
            links.extend(self._chain.links(facts))
            return links

        def wanted(fact: Fact) -> Sequence[str]:
            nonlocal count
            endpoints = self._outbox.wanted(fact) if self._outbox else wanted_by_nobody(fact)
            count += len(endpoints)
            return endpoints

        self._in_doubt = True
        ended = self._store.end_abandoned(self._ending, now=now, writer=self.writer, link=link, wanted=wanted)
        self._advance(links)
        if self._outbox and count:
            self._outbox.written(count)
        return ended

    def _advance(self, links: Sequence[Link]) -> None:
        self._in_doubt = False
        if links:
            self._chain.end = links[-1]

    def _find_end(self) -> None:
        """Learn from the database where the chain ends, when the end of an attempt to write is not known."""
        if not self._in_doubt:
            return
        end = self._store.chain_end(self.writer) or CHAIN_START
        expected = self._chain.end
        if end.n < expected.n or (end.n == expected.n and end.hash != expected.hash):
            # A restored backup looks like this, and so does a tampered tail. The chain goes on from what is there,
            # or no export of this database could ever be verified again; this line tells what it was.
            _log.error(
                "journal.rows_missing",
                writer=self.writer,
                expected=expected.n,
                found=end.n,
                expected_hash=expected.hash.hex(),
            )
        self._chain.end = end
        self._in_doubt = False

    def _kept(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Return `facts` with as much of their origin as may be kept; here, because it costs the loop nothing."""
        if self._privacy is None or self._privacy.keeps_all:
            return facts
        return [msgspec.structs.replace(fact, origin=self._privacy.apply(fact.origin)) for fact in facts]

    def _unwritten(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        known = self._store.known([fact.id for fact in facts])
        return [fact for fact in facts if fact.id not in known]

    def _seal(self, *, at_once: bool = False) -> None:
        """Seal the chain when that is due. The rows are on disk whether or not it succeeds."""
        if self._sealer:
            self._sealer.seal(self._chain.end, at_once=at_once)

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
                frontend=_frontend(intent),
            ),
            session_id=intent.session_id,
            model=intent.model,
            resolves=intent.id,
        )


def _frontend(intent: JournalEntry) -> Frontend | None:
    # A newer Limi may have written one that this one does not know.
    return Frontend(intent.frontend) if intent.frontend in set(Frontend) else None
