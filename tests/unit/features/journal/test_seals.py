"""When chains are sealed, by whom, and what is noticed meanwhile."""

import pytest
from structlog.testing import capture_logs

from limi.features.journal.lease import WriterLease
from limi.features.journal.model import Checkpoint
from limi.kernel.journal import JournalUnavailableError
from tests.unit.features.journal.harness import Facts, FakeClock, TroubledStore, away
from tests.unit.features.journal.signing import make_writer, verify_store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> TroubledStore:
    return TroubledStore()


@pytest.fixture
def writer(store: TroubledStore, clock: FakeClock) -> WriterLease:
    return make_writer(store, clock)


def sealed(store: TroubledStore) -> list[tuple[str | None, int]]:
    return [(each.writer, each.end.n if each.end else 0) for each in checkpoints(store)]


def checkpoints(store: TroubledStore) -> list[Checkpoint]:
    return store.seals.page(after=0, limit=100, from_seq=0, up_to_seq=10**9)


def test_a_chain_is_sealed_after_a_thousand_rows(
    writer: WriterLease, store: TroubledStore, clock: FakeClock
) -> None:
    facts = Facts(clock)
    writer.append(facts.intents(999))
    assert sealed(store) == []
    writer.append(facts.intents(1))
    assert sealed(store) == [(writer.writer, 1000)]


def test_a_chain_is_sealed_after_a_minute_and_not_when_nothing_happened(
    writer: WriterLease, store: TroubledStore, clock: FakeClock
) -> None:
    facts = Facts(clock)
    for _ in range(30):
        clock.advance(5)
        writer.tend()
    assert sealed(store) == []
    writer.append(facts.intents(1))
    for _ in range(11):
        clock.advance(5)
        writer.tend()
    assert sealed(store) == []
    clock.advance(5)
    writer.tend()
    assert sealed(store) == [(writer.writer, 1)]


def test_a_chain_is_sealed_at_the_stop(writer: WriterLease, store: TroubledStore, clock: FakeClock) -> None:
    writer.append(Facts(clock).intents(3))
    writer.release()
    assert sealed(store) == [(writer.writer, 3)]
    assert store.seals.unsealed(now=clock.now() + 1) == []


def test_a_dead_writers_chain_is_sealed_by_another_once(
    writer: WriterLease, store: TroubledStore, clock: FakeClock
) -> None:
    """The crash of a writer between its rows and their checkpoint."""
    writer.append(Facts(clock).intents(3))
    heir = make_writer(store, clock, 2)
    clock.advance(16)
    heir.tend()
    clock.advance(5)
    heir.tend()
    assert sealed(store)[0] == (writer.writer, 3)
    assert [name for name, _ in sealed(store)].count(writer.writer) == 1
    heir.release()
    report = verify_store(store, clock)
    assert (report.problems, report.unsealed, report.rows) == ([], 0, 6)


def test_a_writer_that_was_taken_for_dead_goes_on_and_is_sealed_again(
    writer: WriterLease, store: TroubledStore, clock: FakeClock
) -> None:
    facts, heir = Facts(clock), make_writer(store, clock, 2)
    writer.append(facts.intents(3))
    clock.advance(16)
    heir.tend()
    writer.append(facts.intents(2))
    clock.advance(16)
    heir.tend()
    assert [count for name, count in sealed(store) if name == writer.writer] == [3, 5]
    assert verify_store(store, clock).problems == []


def test_a_checkpoint_that_cannot_be_written_is_written_the_next_time(
    writer: WriterLease, store: TroubledStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise away()

    monkeypatch.setattr(store.seals, "add", fail)
    with capture_logs() as logs:
        writer.append(Facts(clock).intents(1000))
    assert [line["event"] for line in logs] == ["journal.checkpoint_failed"]
    monkeypatch.undo()
    writer.append([])
    assert sealed(store) == [(writer.writer, 1000)]


def test_removed_checkpoints_are_noticed_by_a_running_writer(
    writer: WriterLease, store: TroubledStore, clock: FakeClock
) -> None:
    facts = Facts(clock)
    writer.append(facts.intents(1000))
    store.seals.remove_checkpoints(below=10, limit=10)
    with capture_logs() as logs:
        writer.append(facts.intents(1000))
    assert [line["event"] for line in logs] == ["journal.checkpoints_missing"]


def test_the_clock_may_be_set_back_and_forth(store: TroubledStore, clock: FakeClock) -> None:
    """The order of a chain is that of its numbers, whatever its times say."""
    facts, writer = Facts(clock), make_writer(store, clock)
    for step in (0, -7200, 90_000, -3600):
        clock.advance(step)
        writer.append(facts.intents(3))
        writer.renew()
    clock.advance(100_000)
    writer.tend()
    writer.release()
    assert verify_store(store, clock).problems == []


def test_an_append_of_unknown_end_that_is_repeated_leaves_the_chain_whole(
    store: TroubledStore, clock: FakeClock
) -> None:
    """It was committed, and its writer was told that the database is away."""
    facts, writer = Facts(clock), make_writer(store, clock)
    intent = facts.intent()
    writer.append([intent])
    outcome, late = facts.minted(intent), facts.intent()
    store.lose_answer = True
    with pytest.raises(JournalUnavailableError):
        writer.append([outcome])
    writer.append([outcome, late], again=True)
    writer.release()
    report = verify_store(store, clock)
    assert (report.problems, report.rows, report.unsealed) == ([], 3, 0)


def test_an_append_that_failed_leaves_no_gap(store: TroubledStore, clock: FakeClock) -> None:
    facts, writer = Facts(clock), make_writer(store, clock)
    writer.append(facts.intents(2))
    store.error = away()
    with pytest.raises(JournalUnavailableError):
        writer.append(facts.intents(2))
    store.error = None
    writer.append(facts.intents(2))
    writer.release()
    report = verify_store(store, clock)
    assert (report.problems, report.rows) == ([], 4)


def test_rows_that_vanished_while_the_database_was_away_are_reported(
    store: TroubledStore, clock: FakeClock
) -> None:
    """As when a backup was restored; the chain goes on from what is there."""
    facts, writer = Facts(clock), make_writer(store, clock)
    writer.append(facts.intents(5))
    store.error = away()
    with pytest.raises(JournalUnavailableError):
        writer.append(facts.intents(1))
    store.error = None
    store.forget_last(2)
    with capture_logs() as logs:
        writer.append(facts.intents(1))
    assert [(line["event"], line["expected"], line["found"]) for line in logs] == [("journal.rows_missing", 5, 3)]
    writer.release()
    report = verify_store(store, clock)
    assert (report.problems, report.rows) == ([], 4)
