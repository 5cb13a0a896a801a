"""What every store of sliding windows must do, whatever it is made of."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.adapters.redis.connection import RedisConnection
from limi.adapters.redis.window_store import RedisWindowStore
from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.model import Window
from limi.features.rate_limits.ports import WindowStore
from limi.kernel.secret import Secret
from limi.testing import ManualClock
from limi.testing.shared_redis import season_redis
from tests.services.redis import RedisServer

Make = Callable[[ManualClock], AbstractAsyncContextManager[WindowStore]]


@asynccontextmanager
async def memory(clock: ManualClock) -> AsyncIterator[WindowStore]:
    yield InMemoryWindowStore(clock=clock, max_keys=10_000)


@pytest.fixture(scope="session", params=["memory", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "memory":
        return memory
    server: RedisServer = request.getfixturevalue("redis_server")

    @asynccontextmanager
    async def redis(clock: ManualClock) -> AsyncIterator[WindowStore]:
        """A Redis that has been there for long, holds nothing, and goes by the test's clock."""
        await season_redis(server.url, empty=True)
        connection = RedisConnection(url=Secret(server.url), timeout_seconds=10)
        store = RedisWindowStore(
            connection=connection,
            processes=1,
            max_keys=10_000,
            clock=clock,
            probe_timeout_seconds=10,
            server_time=False,
        )
        await store.start()
        assert store.shared
        yield store
        assert store.shared, "a process that counts alone would have passed as well"
        await store.stop()

    return redis


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(make: Make, clock: ManualClock) -> AsyncIterator[WindowStore]:
    async with make(clock) as opened:
        yield opened


async def admitted(store: WindowStore, *windows: Window) -> bool:
    return (await store.admit(windows)).admitted


class TestOneWindow:
    async def test_exactly_the_limit_passes(self, store: WindowStore) -> None:
        passed = [await admitted(store, Window("a", 5)) for _ in range(8)]
        assert passed == [True] * 5 + [False] * 3

    @pytest.mark.parametrize(("seconds", "passes"), [(59.75, False), (60.0, True), (60.25, True)])
    async def test_an_admission_leaves_after_sixty_seconds(
        self,
        seconds: float,
        passes: bool,  # noqa: FBT001
        store: WindowStore,
        clock: ManualClock,
    ) -> None:
        await store.admit([Window("a", 1)])
        clock.advance(seconds)
        assert await admitted(store, Window("a", 1)) is passes

    async def test_the_window_slides_and_does_not_jump(self, store: WindowStore, clock: ManualClock) -> None:
        """A fixed window would let twice the limit pass around its edge."""
        clock.advance(59)
        assert [await admitted(store, Window("a", 2)) for _ in range(3)] == [True, True, False]
        clock.advance(2)
        assert not await admitted(store, Window("a", 2))
        clock.advance(58)
        assert [await admitted(store, Window("a", 2)) for _ in range(3)] == [True, True, False]

    async def test_a_refused_request_takes_no_room(self, store: WindowStore, clock: ManualClock) -> None:
        await store.admit([Window("a", 1)])
        for _ in range(100):
            clock.advance(0.5)
            assert not await admitted(store, Window("a", 1))
        clock.advance(10)
        assert await admitted(store, Window("a", 1))

    async def test_a_decision_says_what_is_left_and_when_there_is_more(
        self, store: WindowStore, clock: ManualClock
    ) -> None:
        first = await store.admit([Window("a", 2)])
        assert (first.limit, first.remaining, first.reset_seconds) == (2, 1, 60)
        clock.advance(10)
        second = await store.admit([Window("a", 2)])
        assert (second.limit, second.remaining, second.reset_seconds) == (2, 0, 50)
        clock.advance(10)
        third = await store.admit([Window("a", 2)])
        assert (third.admitted, third.remaining, third.reset_seconds) == (False, 0, 40)
        clock.advance(40)
        fourth = await store.admit([Window("a", 2)])
        assert (fourth.admitted, fourth.remaining, fourth.reset_seconds) == (True, 0, 10)

    async def test_a_lowered_limit_holds_at_once_and_says_when_there_is_room(
        self, store: WindowStore, clock: ManualClock
    ) -> None:
        for _ in range(4):
            await store.admit([Window("a", 10)])
            clock.advance(5)
        lowered = await store.admit([Window("a", 2)])
        assert (lowered.admitted, lowered.limit, lowered.remaining) == (False, 2, 0)
        assert lowered.reset_seconds == 50  # three of the four must leave
        clock.advance(lowered.reset_seconds - 0.25)
        assert not await admitted(store, Window("a", 2))
        clock.advance(0.25)
        assert await admitted(store, Window("a", 2))

    async def test_keys_are_counted_apart(self, store: WindowStore) -> None:
        assert await admitted(store, Window("a", 1))
        assert await admitted(store, Window("b", 1))

    async def test_of_a_thousand_at_once_exactly_the_limit_passes(self, store: WindowStore) -> None:
        passed = await asyncio.gather(*(admitted(store, Window("a", 137)) for _ in range(1000)))
        assert sum(passed) == 137


class TestSeveralWindows:
    async def test_a_full_later_window_leaves_the_earlier_untouched(self, store: WindowStore) -> None:
        await store.admit([Window("everyone", 1)])
        for _ in range(5):
            assert not await admitted(store, Window("a", 3), Window("everyone", 1))
        assert (await store.admit([Window("a", 3)])).remaining == 2

    async def test_a_full_earlier_window_leaves_the_later_untouched(self, store: WindowStore) -> None:
        await store.admit([Window("a", 1), Window("everyone", 5)])
        for _ in range(5):
            assert not await admitted(store, Window("a", 1), Window("everyone", 5))
        assert (await store.admit([Window("everyone", 5)])).remaining == 3

    async def test_the_first_full_window_is_the_one_that_answers(self, store: WindowStore) -> None:
        await store.admit([Window("a", 1), Window("everyone", 1)])
        assert (await store.admit([Window("b", 7), Window("everyone", 1)])).limit == 1
        assert (await store.admit([Window("a", 1), Window("everyone", 9)])).limit == 1

    async def test_when_all_have_room_the_tightest_answers(self, store: WindowStore) -> None:
        decision = await store.admit([Window("a", 10), Window("everyone", 3)])
        assert (decision.limit, decision.remaining) == (3, 2)

    async def test_a_thousand_at_once_over_two_windows_fill_both_exactly(self, store: WindowStore) -> None:
        async def ask(number: int) -> bool:
            return await admitted(store, Window(f"caller {number % 10}", 20), Window("everyone", 150))

        passed = await asyncio.gather(*(ask(number) for number in range(1000)))
        assert sum(passed) == 150


class Naive:
    """The rule written down without any thought of speed; times are in quarters of a second, which are exact."""

    def __init__(self) -> None:
        self.admissions: list[tuple[float, str]] = []

    def admit(self, now: float, windows: list[Window]) -> bool:
        for window in windows:
            recent = [at for at, key in self.admissions if key == window.key and now - 60 < at <= now]
            if len(recent) >= window.limit:
                return False
        self.admissions += [(now, window.key) for window in windows]
        return True


STEPS = st.lists(
    st.tuples(
        st.integers(0, 200).map(lambda quarters: quarters / 4),
        st.lists(
            st.builds(Window, st.sampled_from("abc"), st.integers(1, 4)),
            min_size=1,
            max_size=3,
            unique_by=lambda w: w.key,
        ),
    ),
    max_size=60,
)


@given(steps=STEPS)
def test_it_decides_as_the_rule_says(make: Make, steps: list[tuple[float, list[Window]]]) -> None:
    clock, naive = ManualClock(), Naive()

    async def play() -> None:
        async with make(clock) as store:
            for seconds, windows in steps:
                clock.advance(seconds)
                assert await admitted(store, *windows) is naive.admit(clock.monotonic(), windows)

    asyncio.run(play())


@given(steps=STEPS)
def test_no_minute_ever_holds_more_than_the_limit(make: Make, steps: list[tuple[float, list[Window]]]) -> None:
    clock = ManualClock()
    passed: deque[float] = deque()

    async def play() -> None:
        async with make(clock) as store:
            for seconds, _ in steps:
                clock.advance(seconds)
                decision = await store.admit([Window("a", 3)])
                if decision.admitted:
                    passed.append(clock.monotonic())
                assert sum(at > clock.monotonic() - 60 for at in passed) <= 3
                assert decision.remaining == 3 - sum(at > clock.monotonic() - 60 for at in passed)

    asyncio.run(play())
