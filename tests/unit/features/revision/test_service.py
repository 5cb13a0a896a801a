"""The watch over the number that moves with every change."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from limi.features.revision.service import RevisionWatch
from limi.kernel.revision import AccessUnavailableError
from limi.testing import ManualClock
from tests.unit.access_office import turns


class Number:
    """A store that can be slow, or broken."""

    def __init__(self) -> None:
        self.value = 1
        self.reads = 0
        self.broken = False
        self.open = asyncio.Event()
        self.open.set()

    async def read(self) -> int:
        self.reads += 1
        value = self.value
        await self.open.wait()
        if self.broken:
            raise AccessUnavailableError("the disk is on fire")
        return value


class Signal:
    def __init__(self) -> None:
        self.published = 0
        self.wake: Callable[[], None] = lambda: None

    async def publish(self) -> None:
        self.published += 1

    def subscribe(self, wake: Callable[[], None]) -> None:
        self.wake = wake


class Tower:
    """A watch whose time is the test's."""

    def __init__(self) -> None:
        self.clock, self.number, self.signal = ManualClock(), Number(), Signal()
        self._waits: asyncio.Queue[asyncio.Event] = asyncio.Queue()
        self.watch = RevisionWatch(
            store=self.number,
            signal=self.signal,
            clock=self.clock,
            poll_seconds=0.5,
            stale_seconds=5.0,
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        assert seconds == 0.5
        over = asyncio.Event()
        self._waits.put_nowait(over)
        await over.wait()

    def fresh(self) -> bool:
        return self.watch.fresh

    async def poll(self) -> None:
        """Let half a second pass."""
        over = await self._waits.get()
        self.clock.advance(0.5)
        over.set()
        await turns()


@pytest.fixture
async def tower() -> AsyncIterator[Tower]:
    made = Tower()
    await made.watch.start()
    yield made
    await made.watch.stop()


async def test_before_the_first_look_nothing_is_believed() -> None:
    assert not Tower().watch.fresh


async def test_a_change_elsewhere_is_seen_at_the_next_poll(tower: Tower) -> None:
    assert (tower.watch.number, tower.watch.fresh) == (1, True)
    tower.number.value = 2
    await tower.poll()
    assert tower.watch.number == 2
    tower.number.value = 3
    await tower.poll()
    assert tower.watch.number == 3


async def test_who_waits_for_a_move_is_told_of_the_next_and_of_one_that_was(tower: Tower) -> None:
    waiting = [asyncio.create_task(tower.watch.moved_from(1)) for _ in range(2)]
    await tower.poll()
    assert not any(task.done() for task in waiting)
    tower.number.value = 2
    await tower.poll()
    await asyncio.gather(*waiting)
    await tower.watch.moved_from(1)
    await tower.watch.moved_from(None)
    again = asyncio.create_task(tower.watch.moved_from(2))
    await tower.poll()
    assert not again.done()
    again.cancel()


async def test_a_signal_is_heeded_before_the_next_poll(tower: Tower) -> None:
    tower.number.value = 2
    tower.signal.wake()
    await turns()
    assert tower.watch.number == 2


async def test_an_own_change_is_seen_at_once_and_told_to_the_others(tower: Tower) -> None:
    tower.number.value = 2
    await tower.watch.announce()
    assert (tower.watch.number, tower.signal.published) == (2, 1)


async def test_a_look_under_way_does_not_hide_an_own_change(tower: Tower) -> None:
    """It may have read the number before the change moved it."""
    tower.number.open.clear()
    early = asyncio.create_task(tower.watch.refresh())
    await turns()
    tower.number.value = 2
    own = asyncio.create_task(tower.watch.announce())
    await turns()
    tower.number.open.set()
    await asyncio.gather(early, own)
    assert tower.watch.number == 2


async def test_who_asks_at_once_shares_one_look(tower: Tower) -> None:
    tower.number.open.clear()
    known = tower.number.reads
    asking = [asyncio.create_task(tower.watch.refresh()) for _ in range(10)]
    await turns()
    asking[0].cancel()
    tower.number.open.set()
    done = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(result) for result in done] == [asyncio.CancelledError] + [type(None)] * 9
    assert tower.number.reads == known + 1


class TestAwayFromTheDatabase:
    async def test_what_was_seen_is_believed_for_five_seconds(self, tower: Tower) -> None:
        tower.number.broken = True
        for _ in range(10):
            await tower.poll()
        assert tower.fresh()
        tower.clock.advance(0.01)
        assert not tower.fresh()
        with pytest.raises(AccessUnavailableError):
            await tower.watch.refresh()

    async def test_it_looks_on_until_it_is_back(self, tower: Tower) -> None:
        tower.number.broken = True
        for _ in range(20):
            await tower.poll()
        tower.number.broken, tower.number.value = False, 7
        await tower.poll()
        assert (tower.watch.number, tower.watch.fresh) == (7, True)

    async def test_an_answer_that_was_long_on_its_way_is_as_old_as_its_question(self, tower: Tower) -> None:
        tower.number.open.clear()
        tower.clock.advance(4)
        asking = asyncio.create_task(tower.watch.refresh())
        await turns()
        tower.clock.advance(6)
        tower.number.open.set()
        await asking
        assert not tower.fresh()

    async def test_the_start_does_not_wait_for_it(self) -> None:
        tower = Tower()
        tower.number.broken = True
        await tower.watch.start()
        assert not tower.fresh()
        tower.number.broken = False
        await tower.poll()
        assert tower.fresh()
        await tower.watch.stop()

    async def test_an_own_change_is_told_all_the_same(self, tower: Tower) -> None:
        tower.number.broken = True
        await tower.watch.announce()
        assert tower.signal.published == 1


async def test_stopping_ends_a_look_that_hangs_and_may_be_repeated() -> None:
    tower = Tower()
    await tower.watch.start()
    tower.number.open.clear()
    asking = asyncio.create_task(tower.watch.refresh())
    await turns()
    await tower.watch.stop()
    await tower.watch.stop()
    assert isinstance((await asyncio.gather(asking, return_exceptions=True))[0], asyncio.CancelledError)
