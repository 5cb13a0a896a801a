"""What only the store in memory promises; the rest is tests/contract/test_window_store.py."""

import pytest

from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.model import Window
from limi.testing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_it_remembers_no_more_callers_than_it_may(clock: ManualClock) -> None:
    store = InMemoryWindowStore(clock=clock, max_keys=100)
    for number in range(1000):
        await store.admit([Window(f"caller {number}", 5)])
    assert len(store) == 100


async def test_the_caller_silent_for_longest_is_forgotten(clock: ManualClock) -> None:
    store = InMemoryWindowStore(clock=clock, max_keys=2)
    await store.admit([Window("a", 1)])
    await store.admit([Window("b", 1)])
    assert not (await store.admit([Window("a", 1)])).admitted  # a has spoken last now
    await store.admit([Window("c", 1)])  # and b is forgotten
    assert not (await store.admit([Window("a", 1)])).admitted
    assert (await store.admit([Window("b", 1)])).admitted


async def test_a_window_holds_no_more_moments_than_its_limit(clock: ManualClock) -> None:
    store = InMemoryWindowStore(clock=clock, max_keys=10)
    for _ in range(1000):
        await store.admit([Window("a", 5)])
    assert len(store._logs["a"]) == 5


async def test_counting_in_no_window_is_a_mistake(clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="at least one window"):
        await InMemoryWindowStore(clock=clock, max_keys=1).admit([])


async def test_setting_the_wall_clock_moves_no_window(clock: ManualClock) -> None:
    store = InMemoryWindowStore(clock=clock, max_keys=10)
    await store.admit([Window("a", 1)])
    clock.set_now(clock.now() + 3600)
    assert not (await store.admit([Window("a", 1)])).admitted
