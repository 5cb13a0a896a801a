"""What only the store in memory does; tests/contract has what all must do."""

from limi.features.analytics.memory import InMemoryAnalyticsStore
from limi.features.analytics.model import Counts
from tests.unit.features.analytics.harness import connected, count_all, counted


async def test_without_a_journal_only_events_are_counted() -> None:
    store = InMemoryAnalyticsStore()
    await store.add([connected()])
    assert await count_all(store) == 1
    assert [row.counts for row in await counted(store)] == [Counts(connected=1)]
