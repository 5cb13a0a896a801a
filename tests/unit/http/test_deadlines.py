"""A time-out for many short waits at once."""

import asyncio

import pytest

from limi.http.deadlines import Deadlines


async def _never(ended: list[str] | None = None) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        if ended is not None:
            ended.append("cleaned up")


async def _value() -> str:
    await asyncio.sleep(0)
    return "done"


async def test_what_is_in_time_returns_its_result() -> None:
    assert await Deadlines(5).keep(_value()) == "done"


async def test_what_takes_too_long_is_cut_and_can_clean_up() -> None:
    ended: list[str] = []
    with pytest.raises(TimeoutError):
        await Deadlines(0.01).keep(_never(ended))
    assert ended == ["cleaned up"]


async def test_the_task_lives_on_after_a_cut() -> None:
    deadlines = Deadlines(0.01)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await deadlines.keep(_never())
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert await deadlines.keep(_value()) == "done"


async def test_what_was_cut_is_left_alone_while_it_cleans_up() -> None:
    deadlines, cleaning, may_end = Deadlines(0.01), asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def slow_to_end() -> None:
        try:
            await _never()
        finally:
            cleaning.set()
            await may_end.wait()
            ended.append("cleaned up")

    task = asyncio.create_task(deadlines.keep(slow_to_end()))
    await cleaning.wait()
    with pytest.raises(TimeoutError):
        await deadlines.keep(_never())
    may_end.set()
    with pytest.raises(TimeoutError):
        await task
    assert ended == ["cleaned up"]


async def test_a_cancellation_from_outside_stays_one() -> None:
    task = asyncio.create_task(Deadlines(5).keep(_never()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_of_many_only_those_that_take_too_long_are_cut() -> None:
    deadlines = Deadlines(0.02)
    waits = [deadlines.keep(_never() if number % 2 else _value()) for number in range(20)]
    ends = await asyncio.gather(*map(asyncio.ensure_future, waits), return_exceptions=True)
    assert [type(end) for end in ends] == [str, TimeoutError] * 10


async def test_an_error_of_the_work_is_passed_on() -> None:
    async def fail() -> None:
        raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        await Deadlines(5).keep(fail())


async def test_a_time_out_of_the_work_itself_is_passed_on() -> None:
    async def fail() -> None:
        async with asyncio.timeout(0):
            await _never()

    with pytest.raises(TimeoutError):
        await Deadlines(5).keep(fail())
