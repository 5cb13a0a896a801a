from collections.abc import Callable

import pytest

from limi.features.journal import InMemoryJournalStore, JournalEntry, Selection
from limi.features.journal import lease as lease_module
from limi.features.journal.lease import WriterLease
from limi.features.journal.model import Link
from limi.kernel.facts import Fact
from limi.kernel.journal import JournalUnavailableError
from tests.unit.features.journal.harness import CountingIds, Facts, FakeClock, TroubledStore, away

SECONDS = 15.0


class RecordingStore(TroubledStore):
    def __init__(self) -> None:
        super().__init__()
        self.settled: list[int | None] = []

    def renew_lease(self, writer: str, *, until: float, settled: int | None, end: Link | None = None) -> int:
        self.settled.append(settled)
        return super().renew_lease(writer, until=until, settled=settled, end=end)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def facts(clock: FakeClock) -> Facts:
    return Facts(clock)


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
def make(clock: FakeClock, store: RecordingStore) -> Callable[[int], WriterLease]:
    def build(number: int) -> WriterLease:
        ids = CountingIds(number * 1000)
        return WriterLease(store=store, clock=clock, ids=ids, seconds=SECONDS)

    return build


def outcomes(store: InMemoryJournalStore) -> list[str]:
    return [entry.outcome for entry in everything(store)]


def everything(store: InMemoryJournalStore) -> list[JournalEntry]:
    return store.entries(after=0, limit=10_000, selection=Selection())


def test_a_writer_takes_its_lease_before_it_writes(
    make: Callable[[int], WriterLease], store: RecordingStore, clock: FakeClock, facts: Facts
) -> None:
    dead, heir = make(1), make(2)
    dead.append([intent := facts.intent(session_id="mine")])
    clock.advance(SECONDS + 1)
    assert heir.tend() == 1
    ended = everything(store)[-1]
    assert (ended.event, ended.resolves, ended.session_id) == ("token.unresolved", intent.id, "mine")
    assert (ended.model, ended.request_id, ended.caller) == ("gpt-realtime", "req-1", "key:k1")
    assert (ended.tenant, ended.ip, ended.user_agent) == ("acme", "203.0.113.9", "test/1")
    assert heir.tend() == 0


def test_nothing_is_written_when_the_lease_cannot_be_taken(
    make: Callable[[int], WriterLease], store: RecordingStore, facts: Facts
) -> None:
    store.error = away()
    with pytest.raises(JournalUnavailableError):
        make(1).append([facts.intent()])
    assert store.batches == []


def test_a_lease_is_renewed_by_writing_once_a_third_of_it_has_passed(
    make: Callable[[int], WriterLease], store: RecordingStore, clock: FakeClock, facts: Facts
) -> None:
    writer = make(1)
    for _ in range(4):
        writer.append([facts.intent()])
        clock.advance(SECONDS / 6)
    assert len(store.settled) == 2


def test_a_writer_that_was_suspended_takes_its_lease_anew_before_it_writes(
    make: Callable[[int], WriterLease], store: RecordingStore, clock: FakeClock, facts: Facts
) -> None:
    sleeper, other = make(1), make(2)
    sleeper.append([intent := facts.intent()])
    clock.advance(60)
    assert other.tend() == 1
    sleeper.append([facts.minted(intent), facts.intent()])
    assert other.tend() == 0
    assert outcomes(store) == ["requested", "unknown", "succeeded", "requested"]
    clock.advance(60)
    assert other.tend() == 1


def test_a_lease_says_up_to_where_nothing_is_open(
    make: Callable[[int], WriterLease], store: RecordingStore, facts: Facts
) -> None:
    writer = make(1)
    first, second = facts.intents(2)
    writer.append([first])
    writer.renew()
    writer.append([second, facts.minted(second)])
    writer.renew()
    writer.append([facts.failed(first)])
    writer.renew()
    writer.renew()
    assert store.settled == [None, 0, 0, 3, 4]


def test_an_intent_of_unknown_fate_stays_open_until_its_outcome_is_written(
    make: Callable[[int], WriterLease], store: RecordingStore, facts: Facts
) -> None:
    writer = make(1)
    writer.append([facts.minted()])
    intent = facts.intent()
    store.error = away()
    with pytest.raises(JournalUnavailableError):
        writer.append([intent])
    store.error = None
    writer.renew()
    writer.renew()
    assert store.settled == [None, 0, 0]
    writer.append([facts.failed(intent)])
    writer.renew()
    assert store.settled[-1] == 1


def test_too_many_open_intents_are_forgotten_without_being_called_settled(
    make: Callable[[int], WriterLease],
    store: RecordingStore,
    facts: Facts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease_module, "_MAX_OPEN", 2)
    writer = make(1)
    writer.append([facts.minted()])
    writer.renew()
    lost, *rest = facts.intents(4)
    writer.append([lost, *rest])
    writer.append([facts.failed(intent) for intent in rest])
    writer.renew()
    writer.renew()
    assert store.settled[-1] == 1


def test_a_released_lease_lets_the_next_writer_end_what_is_open(
    make: Callable[[int], WriterLease], clock: FakeClock, facts: Facts
) -> None:
    leaving, staying = make(1), make(2)
    leaving.append([facts.intent()])
    leaving.release()
    clock.advance(0.001)
    assert staying.tend() == 1


def test_two_writers_have_two_names(make: Callable[[int], WriterLease]) -> None:
    first, second = make(1), make(2)
    assert first.writer != second.writer
    assert len(first.writer) == 32


class EveryOutcome:
    """Wants every fact that ends an intent to be told to two endpoints."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def wanted(self, fact: Fact) -> list[str]:
        return [] if fact.resolves is None else ["whe_a", "whe_b"]

    def written(self, count: int) -> None:
        self.counts.append(count)


class OutboxStore(RecordingStore):
    """Keeps which deliveries it was given, and with them those of a retry."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[tuple[str, str]] = []
        self._deliver = lambda fact, endpoint: self.made.append((fact.id, endpoint))


@pytest.fixture
def kept() -> OutboxStore:
    return OutboxStore()


@pytest.fixture
def outbox() -> EveryOutcome:
    return EveryOutcome()


@pytest.fixture
def telling(clock: FakeClock, kept: OutboxStore, outbox: EveryOutcome) -> WriterLease:
    return WriterLease(store=kept, clock=clock, ids=CountingIds(), seconds=SECONDS, outbox=outbox)


def test_facts_are_written_with_the_deliveries_that_are_wanted_and_then_the_outbox_is_told(
    telling: WriterLease, kept: OutboxStore, outbox: EveryOutcome, facts: Facts
) -> None:
    intent = facts.intent()
    telling.append([intent])
    assert outbox.counts == []
    minted = facts.minted(intent)
    telling.append([facts.intent(), minted])
    assert kept.made == [(minted.id, "whe_a"), (minted.id, "whe_b")]
    assert outbox.counts == [2]


def test_the_outbox_is_not_told_of_what_was_not_committed(
    telling: WriterLease, kept: OutboxStore, outbox: EveryOutcome, facts: Facts
) -> None:
    intent = facts.intent()
    telling.append([intent])
    kept.error = away()
    with pytest.raises(JournalUnavailableError):
        telling.append([facts.minted(intent)])
    assert outbox.counts == []


def test_a_fact_whose_write_is_repeated_is_delivered_once(
    telling: WriterLease, kept: OutboxStore, facts: Facts
) -> None:
    intent = facts.intent()
    telling.append([intent])
    minted = facts.minted(intent)
    kept.lose_answer = True
    with pytest.raises(JournalUnavailableError):
        telling.append([minted])
    telling.append([minted], again=True)
    assert kept.made == [(minted.id, "whe_a"), (minted.id, "whe_b")]


def test_what_ends_a_dead_writers_intents_is_told_too(
    telling: WriterLease,
    kept: OutboxStore,
    outbox: EveryOutcome,
    clock: FakeClock,
    facts: Facts,
) -> None:
    dead = WriterLease(store=kept, clock=clock, ids=CountingIds(77), seconds=SECONDS)
    dead.append(facts.intents(2))
    clock.advance(SECONDS + 1)
    assert telling.tend() == 2
    assert len(kept.made) == 4
    assert outbox.counts == [4]
    assert telling.tend() == 0
    assert outbox.counts == [4]
