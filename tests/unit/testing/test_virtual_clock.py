"""A clock that passes when told to, and those who sleep by it."""

import asyncio

import pytest

from limi.testing import VirtualClock


async def test_sleepers_wake_in_order_each_at_its_own_time() -> None:
    clock = VirtualClock()
    begun = clock.monotonic()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.monotonic() - begun))

    tasks = [asyncio.create_task(sleeper("slow", 30, 30)), asyncio.create_task(sleeper("quick", 20, 20))]
    await clock.advance(3_600)
    await asyncio.gather(*tasks)
    assert woken == [("quick", 20), ("slow", 30), ("quick", 40), ("slow", 60)]
    assert clock.monotonic() - begun == 3_600


async def test_whoever_compares_with_the_time_it_slept_for_is_never_a_rounding_error_early() -> None:
    clock = VirtualClock()
    deadlines: list[bool] = []

    async def sleep_until(deadline: float) -> None:
        while (left := deadline - clock.monotonic()) > 0:
            await clock.sleep(left)
        deadlines.append(clock.monotonic() >= deadline)

    tasks = [asyncio.create_task(sleep_until(clock.monotonic() + n / 10)) for n in range(50)]
    await clock.advance(0.05)
    await clock.advance(4.9)
    await asyncio.gather(*tasks)
    assert deadlines == [True] * 50


async def test_both_kinds_of_time_pass_alike() -> None:
    clock = VirtualClock(now=1_000_000)
    before = clock.monotonic()
    await clock.advance(90)
    assert clock.now() == 1_000_090
    assert clock.monotonic() - before == 90


async def test_nobody_sleeps_for_nothing() -> None:
    clock = VirtualClock()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.sleepers == 0


async def test_whoever_is_cancelled_sleeps_no_more() -> None:
    clock = VirtualClock()
    tasks = [asyncio.create_task(clock.sleep(seconds)) for seconds in (3, 1, 2)]
    await clock.advance(0)
    assert clock.sleepers == 3
    tasks[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]
    assert clock.sleepers == 2
    await clock.advance(3)
    assert clock.sleepers == 0
    await asyncio.gather(tasks[0], tasks[2])


async def test_a_sleeper_that_is_cancelled_by_an_earlier_one_does_not_stop_the_clock() -> None:
    clock = VirtualClock()
    late = asyncio.create_task(clock.sleep(1))

    async def cancel() -> None:
        await clock.sleep(1)
        late.cancel()

    await clock.advance(0)
    earlier = asyncio.create_task(cancel())
    await clock.advance(5)
    await earlier
    assert late.done()
