import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.model import ClientEvent, EventKey
from limi.features.analytics.service import EventIntake
from limi.kernel.analytics_settings import AnalyticsSettings
from tests.unit.features.analytics.harness import CountingObserver, connected, failed


@dataclass
class Store:
    """Keeps events, and does not while it is told so."""

    kept: set[EventKey] = field(default_factory=set)
    batches: list[int] = field(default_factory=list)
    error: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def add(self, events: Sequence[ClientEvent]) -> frozenset[EventKey]:
        await self.gate.wait()
        if self.error:
            raise self.error
        self.batches.append(len(events))
        fresh = frozenset(event.key for event in events) - self.kept
        self.kept |= fresh
        return fresh

    async def remove_events(self, *, before: float, limit: int) -> int:
        raise AssertionError(f"nothing is removed here: {before} {limit}")


Make = Callable[..., EventIntake]


@pytest.fixture
def store() -> Store:
    made = Store()
    made.gate.set()
    return made


@pytest.fixture
def observer() -> CountingObserver:
    return CountingObserver()


@pytest.fixture
async def make(store: Store, observer: CountingObserver) -> AsyncIterator[Make]:
    made: list[EventIntake] = []

    def make(**settings: object) -> EventIntake:
        chosen = AnalyticsSettings(**{"linger_ms": 0.0, **settings})  # type: ignore[arg-type] # a test's settings
        made.append(EventIntake(store=store, settings=chosen, observer=observer))
        return made[-1]

    yield make
    for intake in made:
        await intake.stop(within_seconds=0)


async def test_events_are_kept_when_they_are_answered(
    make: Make, store: Store, observer: CountingObserver
) -> None:
    intake = make()
    await intake.start()
    assert await intake.take([connected(1), failed(2)]) == 2
    assert len(store.kept) == 2
    assert await intake.take([connected(1), failed(3), failed(3)]) == 1
    assert dict(observer.seen) == {
        ("connection_successful", "accepted"): 1,
        ("connection_successful", "duplicate"): 1,
        ("error_occurred", "accepted"): 2,
        ("error_occurred", "duplicate"): 1,
    }


async def test_who_comes_meanwhile_goes_together_into_the_next_transaction(make: Make, store: Store) -> None:
    intake = make()
    await intake.start()
    store.gate.clear()
    first = asyncio.ensure_future(intake.take([connected(0)]))
    await asyncio.sleep(0.01)
    others = [asyncio.ensure_future(intake.take([connected(number)])) for number in range(1, 20)]
    await asyncio.sleep(0.01)
    assert intake.queued == 19
    store.gate.set()
    assert await asyncio.gather(first, *others) == [1] * 20
    assert sum(store.batches) == 20
    assert len(store.batches) <= 2


async def test_a_transaction_takes_whole_requests_up_to_its_size(make: Make, store: Store) -> None:
    intake = make(batch_size=100)
    requests = [[connected(number * 60 + each) for each in range(60)] for number in range(3)]
    await intake.start()
    assert await asyncio.gather(*map(intake.take, requests)) == [60, 60, 60]
    assert store.batches == [60, 60, 60]


async def test_the_same_event_in_two_requests_of_one_transaction_counts_once(make: Make) -> None:
    intake = make(linger_ms=5.0)
    await intake.start()
    assert sorted(await asyncio.gather(*(intake.take([connected(1)]) for _ in range(3)))) == [0, 0, 1]


async def test_a_store_that_is_away_is_said_once_and_comes_back(make: Make, store: Store) -> None:
    intake = make()
    await intake.start()
    store.error = AnalyticsUnavailableError("away")
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(AnalyticsUnavailableError):
                await intake.take([connected(1)])
        store.error = None
        assert await intake.take([connected(1)]) == 1
    assert [line["event"] for line in logs] == ["analytics.unavailable", "analytics.recovered"]


async def test_a_defect_of_a_store_ends_nobody_but_who_asked(make: Make, store: Store) -> None:
    intake = make()
    await intake.start()
    store.error = RuntimeError("a defect")
    with pytest.raises(AnalyticsUnavailableError):
        await intake.take([connected(1)])
    store.error = None
    assert await intake.take([connected(1)]) == 1


async def test_what_waits_is_bounded(make: Make, store: Store) -> None:
    intake = make(queue_size=100)
    await intake.start()
    store.gate.clear()
    waiting = [asyncio.ensure_future(intake.take([connected(number)])) for number in range(100)]
    await asyncio.sleep(0)
    more = [connected(200 + number) for number in range(100)]
    with capture_logs() as logs, pytest.raises(AnalyticsUnavailableError):
        await intake.take(more)
    assert logs[0]["event"] == "analytics.unavailable"
    store.gate.set()
    assert await asyncio.gather(*waiting) == [1] * 100
    assert intake.queued == 0


async def test_a_client_that_leaves_takes_no_event_with_it(make: Make, store: Store) -> None:
    intake = make()
    await intake.start()
    store.gate.clear()
    leaving = asyncio.ensure_future(intake.take([connected(1)]))
    await asyncio.sleep(0)
    leaving.cancel()
    store.gate.set()
    assert await intake.take([connected(1), connected(2)]) == 1
    assert len(store.kept) == 2


async def test_a_stop_writes_what_waits_and_refuses_what_comes(make: Make) -> None:
    intake = make(linger_ms=20.0)
    await intake.start()
    waiting = asyncio.ensure_future(intake.take([connected(1)]))
    await asyncio.sleep(0)
    await intake.stop()
    assert await waiting == 1
    with pytest.raises(AnalyticsUnavailableError):
        await intake.take([connected(2)])
    await intake.stop()


async def test_a_stop_waits_for_what_is_being_written(make: Make, store: Store) -> None:
    intake = make()
    await intake.start()
    store.gate.clear()
    written = asyncio.ensure_future(intake.take([connected(1)]))
    await asyncio.sleep(0.01)
    stopping = asyncio.ensure_future(intake.stop())
    await asyncio.sleep(0.01)
    store.gate.set()
    await stopping
    assert await written == 1


async def test_a_stop_waits_no_longer_than_it_may(make: Make, store: Store) -> None:
    intake = make()
    await intake.start()
    store.gate.clear()
    stuck = [asyncio.ensure_future(intake.take([connected(number)])) for number in range(3)]
    await asyncio.sleep(0.01)
    await intake.stop(within_seconds=0)
    for each in stuck:
        with pytest.raises(AnalyticsUnavailableError):
            await each


async def test_without_analytics_nothing_is_kept(make: Make, store: Store) -> None:
    """Clients need not care: what they send is answered."""
    intake = make(enabled=False)
    await intake.start()
    assert await intake.take([connected(1)]) == 0
    assert not store.kept


async def test_nothing_to_keep_is_nothing(make: Make, store: Store) -> None:
    intake = make()
    await intake.start()
    assert await intake.take([]) == 0
    assert not store.batches
