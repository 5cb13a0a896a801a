"""The contract suite says what a store does; here is what only the one in memory must."""

from concurrent.futures import ThreadPoolExecutor

from limi.features.journal import InMemoryJournalStore, Selection
from limi.kernel.facts import Fact
from tests.unit.features.journal.harness import Facts


def test_threads_may_append_at_once_and_each_row_has_its_own_place() -> None:
    store = InMemoryJournalStore()
    batches = [Facts(start=number * 1_000_000).intents(200) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda batch: store.append(batch, writer="w"), batches))
    entries = store.entries(after=0, limit=10_000, selection=Selection())
    assert [entry.seq for entry in entries] == list(range(1, 1601))


def test_what_was_kept_can_be_read_after_it_was_closed() -> None:
    store = InMemoryJournalStore()
    store.append(Facts().intents(1), writer="w")
    store.close()
    assert len(store.entries(after=0, limit=10, selection=Selection())) == 1


def test_deliveries_are_handed_to_whoever_keeps_them() -> None:
    made: list[tuple[Fact, str]] = []
    store = InMemoryJournalStore(deliver=lambda fact, endpoint: made.append((fact, endpoint)))
    first, second = Facts().intents(2)
    store.append([first, second], writer="w", deliveries=[(second.id, "whe_a"), (second.id, "whe_b")])
    assert made == [(second, "whe_a"), (second, "whe_b")]


def test_deliveries_that_nobody_keeps_are_passed_over() -> None:
    store, fact = InMemoryJournalStore(), Facts().intent()
    store.append([fact], writer="w", deliveries=[(fact.id, "whe_a")])
    assert store.known([fact.id]) == {fact.id}
