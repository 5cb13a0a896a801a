"""How late the event loop is."""

import asyncio

from limi.adapters.telemetry.loop_watch import LoopWatch


class Time:
    """A clock that sleeping moves, by as much later as a busy loop would."""

    def __init__(self, late: list[float]) -> None:
        self.late = late
        self.now = 100.0
        self.slept = asyncio.Event()

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if not self.late:
            self.slept.set()
            await asyncio.get_running_loop().create_future()
        self.now += seconds + self.late.pop(0)


async def test_each_look_tells_how_late_it_came() -> None:
    seen: list[float] = []
    time = Time([0.0, 0.5, -0.001])
    watch = LoopWatch(observe=seen.append, sleep=time.sleep, now=time.read)
    await watch.start()
    await time.slept.wait()
    await watch.stop()
    assert [round(seconds, 6) for seconds in seen] == [0, 0.5, 0]


async def test_a_watch_that_was_stopped_looks_no_more() -> None:
    watch = LoopWatch(observe=lambda _: None)
    await watch.stop()
    await watch.start()
    await watch.stop()
    await watch.stop()
    assert [task for task in asyncio.all_tasks() if task.get_name() == "event loop watch"] == []
