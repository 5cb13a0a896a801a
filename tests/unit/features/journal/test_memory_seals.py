"""What the contract of journal stores leaves open; the rest is in tests/contract/test_seal_store.py."""

from limi.features.journal import InMemoryJournalStore
from tests.unit.features.journal.harness import Facts, FakeClock
from tests.unit.features.journal.signing import make_writer


def test_checkpoints_live_beside_the_entries_of_their_journal() -> None:
    clock = FakeClock()
    first, second = InMemoryJournalStore(), InMemoryJournalStore()
    writer = make_writer(first, clock)
    writer.append(Facts(clock).intents(1))
    writer.release()
    assert first.seals.last() is not None
    assert second.seals.last() is None
