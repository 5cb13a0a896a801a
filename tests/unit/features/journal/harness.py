"""What the journal's tests share: a clock they move, ids that count, facts, and a store that can fail."""

import threading
from collections.abc import Sequence

from limi.features.journal import FactRefusedError, InMemoryJournalStore
from limi.features.journal.model import Link, Selection, WriterEnd
from limi.features.journal.ports import Delivery
from limi.kernel.facts import Fact, KeyMinted, KeyReplayed, MintFailed, MintRequested, Origin
from limi.kernel.ids import sortable_id
from limi.kernel.journal import JournalUnavailableError

NOON = 1_800_000_000.0


class FakeClock:
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self._now = NOON

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now - NOON

    def advance(self, seconds: float) -> None:
        self._now += seconds


class CountingIds:
    """Each id is the next number."""

    def __init__(self, start: int = 0) -> None:
        self._next = start

    def hex(self, length: int) -> str:
        self._next += 1
        return f"{self._next:0{length}x}"


class Facts:
    """Makes facts with the members a test cares about, and plausible ones else."""

    def __init__(self, clock: FakeClock | None = None, *, start: int = 1_000_000) -> None:
        self._clock = clock or FakeClock()
        self._ids = CountingIds(start)
        self.origin = Origin(
            request_id="req-1", caller="key:k1", tenant="acme", ip="203.0.113.9", user_agent="test/1"
        )

    def _id(self) -> str:
        return sortable_id(self._ids, self._clock.now())

    def intent(self, *, origin: Origin | None = None, session_id: str | None = None) -> MintRequested:
        return MintRequested(
            id=self._id(),
            at=self._clock.now(),
            origin=origin or self.origin,
            model="gpt-realtime",
            session_id=session_id,
        )

    def minted(
        self,
        intent: MintRequested | None = None,
        *,
        origin: Origin | None = None,
        session_id: str = "sess_1",
        ttl: int = 600,
    ) -> KeyMinted:
        return KeyMinted(
            id=self._id(),
            at=self._clock.now(),
            origin=origin or self.origin,
            session_id=session_id,
            model="gpt-realtime",
            expires_at=int(self._clock.now()) + ttl,
            duration_ms=87,
            resolves=intent.id if intent else None,
        )

    def failed(self, intent: MintRequested) -> MintFailed:
        return MintFailed(
            id=self._id(),
            at=self._clock.now(),
            origin=self.origin,
            model="gpt-realtime",
            code="upstream_timeout",
            duration_ms=10_000,
            resolves=intent.id,
        )

    def replayed(self, minted: KeyMinted) -> KeyReplayed:
        return KeyReplayed(
            id=self._id(),
            at=self._clock.now(),
            origin=self.origin,
            session_id=minted.session_id,
            model=minted.model,
            expires_at=minted.expires_at,
        )

    def intents(self, count: int) -> list[MintRequested]:
        return [self.intent() for _ in range(count)]


class TroubledStore(InMemoryJournalStore):
    """The store in memory, with what can go wrong at a real one."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        """Raised by every write while it is set."""
        self.lose_answer = False
        """Whether the next append succeeds and says that it failed."""
        self.refused: set[str] = set()
        """Ids of facts that the store cannot hold."""
        self.batches: list[list[str]] = []
        """The ids of each attempt to append, in order."""
        self.gate = threading.Event()
        """Appending waits for it; open at first."""
        self.gate.set()
        self.entered = threading.Event()
        """Set when an append has begun."""

    def append(
        self,
        facts: Sequence[Fact],
        *,
        writer: str,
        links: Sequence[Link] = (),
        deliveries: Sequence[Delivery] = (),
    ) -> None:
        self.batches.append([fact.id for fact in facts])
        self.entered.set()
        self.gate.wait(30)
        self._fail()
        if bad := self.refused.intersection(fact.id for fact in facts):
            raise FactRefusedError(f"refused {sorted(bad)}")
        super().append(facts, writer=writer, links=links, deliveries=deliveries)
        if self.lose_answer:
            self.lose_answer = False
            raise away()

    def renew_lease(self, writer: str, *, until: float, settled: int | None, end: Link | None = None) -> int:
        self._fail()
        return super().renew_lease(writer, until=until, settled=settled, end=end)

    def forget_last(self, count: int) -> None:
        """Lose the last rows, as when a backup takes the database's place."""
        gone = self.newest(limit=count, selection=Selection())
        ends = [WriterEnd(row.writer or "", Link(row.n or 0, b"")) for row in gone]
        self.seals.remove_rows(after=gone[0].seq - 1, up_to=gone[-1].seq, ends=ends)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


def away() -> JournalUnavailableError:
    """Return what a store raises while its database is away."""
    return JournalUnavailableError("the database is away")
