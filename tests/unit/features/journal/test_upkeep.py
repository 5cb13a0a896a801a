import asyncio
import threading

from structlog.testing import capture_logs

from limi.features.journal.upkeep import Upkeep


class Work:
    """Counts, fails while it is told to, and says when it was called."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.called = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> None:
        self.calls += 1
        self._loop.call_soon_threadsafe(self.called.set)
        if self.error is not None:
            raise self.error

    async def again(self) -> None:
        self.called.clear()
        await self.called.wait()


async def _no_pause(_: float) -> None:
    await asyncio.sleep(0)


async def test_it_works_again_and_again_until_it_is_stopped() -> None:
    work = Work()
    upkeep = Upkeep(work, name="test", seconds=1, sleep=_no_pause)
    await upkeep.start()
    for _ in range(3):
        await work.again()
    await upkeep.stop()
    calls = work.calls
    await asyncio.sleep(0.01)
    assert work.calls == calls
    await upkeep.stop()


async def test_a_failure_is_logged_once_and_tried_again() -> None:
    work = Work()
    work.error = OSError("no space left")
    upkeep = Upkeep(work, name="test", seconds=1, sleep=_no_pause)
    with capture_logs() as logs:
        await upkeep.start()
        for _ in range(3):
            await work.again()
        failed = upkeep.failing
        work.error = None
        for _ in range(2):
            await work.again()
        await upkeep.stop()
    assert (failed, upkeep.failing) == (True, False)
    assert [(line["event"], line["work"], line["error"]) for line in logs] == [
        ("journal.upkeep_failed", "test", "no space left")
    ]


async def test_the_last_of_it_is_done_at_the_stop_where_that_is_wanted() -> None:
    work = Work()
    upkeep = Upkeep(work, name="test", seconds=1, sleep=asyncio.sleep)
    await upkeep.start()
    await work.called.wait()
    await upkeep.stop(last=True)
    assert work.calls == 2


async def test_a_stop_is_told_to_work_that_takes_long() -> None:
    stopping, loop, began = threading.Event(), asyncio.get_running_loop(), asyncio.Event()

    def work() -> None:
        loop.call_soon_threadsafe(began.set)
        assert stopping.wait(30)

    upkeep = Upkeep(work, name="test", seconds=1, stopping=stopping)
    await upkeep.start()
    await began.wait()
    await upkeep.stop()
    assert stopping.is_set()
