from collections.abc import Callable

import pytest

from limi.features.journal import InMemoryJournalStore, Selection
from limi.features.journal.export import log_lines
from limi.features.journal.retention import Retention
from limi.features.journal.verifier import load_keys, verify
from tests.unit.features.journal.harness import Facts, FakeClock
from tests.unit.features.journal.signing import export, make_signer, make_writer, verify_export, verify_store

DAY = 86_400.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> InMemoryJournalStore:
    """Rows from before chains, a writer of the past, and one that writes once a day for ten days."""
    made, facts = InMemoryJournalStore(), Facts(clock)
    made.append(facts.intents(3), writer="old")
    past = make_writer(made, clock, 1)
    past.append(facts.intents(4))
    past.release()
    daily = make_writer(made, clock, 2)
    for _ in range(10):
        daily.append(facts.intents(10))
        clock.advance(DAY)
        daily.tend()
    daily.append(facts.intents(2))
    return made


def retention(
    store: InMemoryJournalStore, clock: FakeClock, *, days: float = 5, pause: Callable[[], bool] = lambda: True
) -> Retention:
    return Retention(store=store, signer=make_signer(clock), clock=clock, days=days, pause=pause)


def rows(store: InMemoryJournalStore) -> int:
    return len(store.entries(after=0, limit=10_000, selection=Selection()))


def test_rows_older_than_they_may_be_kept_go_and_the_rest_is_still_sound(
    store: InMemoryJournalStore, clock: FakeClock
) -> None:
    assert rows(store) == 113
    assert retention(store, clock).run()
    assert rows(store) == 62, "the ten of each of the six newest days, and two"
    assert verify_store(store, clock).problems == []
    exported = verify_export(export(store, clock), clock)
    assert (exported.problems, exported.rows, exported.unchained) == ([], 62, 0)


def test_nothing_is_done_twice(store: InMemoryJournalStore, clock: FakeClock) -> None:
    assert retention(store, clock).run()
    assert not retention(store, clock).run()
    assert verify_store(store, clock).problems == []


def test_nothing_is_due_while_everything_is_young(store: InMemoryJournalStore, clock: FakeClock) -> None:
    assert not retention(store, clock, days=30).run()
    assert rows(store) == 113


def test_it_goes_on_from_day_to_day(store: InMemoryJournalStore, clock: FakeClock) -> None:
    facts, writer = Facts(clock, start=5_000_000), make_writer(store, clock, 3)
    for _ in range(12):
        writer.append(facts.intents(3))
        clock.advance(DAY)
        writer.tend()
        retention(store, clock).run()
        assert verify_store(store, clock).problems == []
    assert rows(store) == 18


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_run_that_is_stopped_leaves_a_sound_log_and_is_finished_by_the_next(
    store: InMemoryJournalStore, clock: FakeClock, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from limi.features.journal import retention as module  # noqa: PLC0415 - the name is taken here

    monkeypatch.setattr(module, "_ROWS", 20)
    left = [steps]

    def pause() -> bool:
        left[0] -= 1
        return left[0] >= 0

    assert not retention(store, clock, pause=pause).run()
    assert 62 <= rows(store) < 113
    assert verify_store(store, clock).problems == []
    retention(store, clock).run()
    assert rows(store) == 62
    assert verify_store(store, clock).problems == []


def test_removal_without_a_signed_start_is_found(store: InMemoryJournalStore, clock: FakeClock) -> None:
    """Whoever holds the database alone cannot pass a deletion off as retention."""
    ends = store.seals.ends_at(3)
    store.seals.remove_rows(after=0, up_to=40, ends=ends)
    store.seals.remove_checkpoints(below=3, limit=10)
    assert not verify_store(store, clock).sound


def test_a_checkpoint_that_was_known_may_be_removed_for_its_age(
    store: InMemoryJournalStore, clock: FakeClock
) -> None:
    keys = load_keys(make_signer(clock).public_pem.encode())
    first, *_, last = [line for line in log_lines(store) if line.startswith(b'{"checkpoint":')]
    assert retention(store, clock).run()
    for known in (first, last):
        assert verify(log_lines(store), keys, closed=False, known=known).problems == []


def test_everything_may_be_too_old(store: InMemoryJournalStore, clock: FakeClock) -> None:
    make_writer(store, clock, 4).tend()
    clock.advance(100 * DAY)
    heir = make_writer(store, clock, 5)
    heir.tend()
    clock.advance(100 * DAY)
    assert retention(store, clock).run()
    assert verify_store(store, clock).problems == []
    heir.append(Facts(clock, start=7_000_000).intents(2))
    heir.release()
    assert verify_store(store, clock).problems == []
