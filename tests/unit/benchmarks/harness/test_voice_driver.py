"""The ramp ends where the sandbox answers too late, and says why."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from benchmarks.harness.voice_driver import Call, Talk, measure
from benchmarks.harness.voice_plan import Plan, Transport
from benchmarks.harness.voice_turns import CallError

_PLAN = Plan(
    transport=Transport.SOCKET,
    port=0,
    server_pid=os.getpid(),
    key="ek_test",
    speech_seconds=None,
    warm_up_turns=1,
    single_turns=2,
    steps=[2, 4, 6],
    crowd=2,
    crowd_windows=1,
    window_seconds=0.05,
    bound_seconds=0.5,
)


class _Answered:
    """A call whose turns take as long as the one who holds all calls says."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds

    async def turn(self) -> float:
        await asyncio.sleep(0.005)
        return self._seconds()

    async def listen(self) -> None:
        return


def _calls(*, most: int) -> Call:
    """Return calls that are answered in time as long as there are no more than so many at once."""
    talking = 0

    @asynccontextmanager
    async def call() -> AsyncIterator[_Answered]:
        nonlocal talking
        talking += 1
        try:
            yield _Answered(lambda: 0.1 if talking <= most else 0.9)
        finally:
            talking -= 1

    return call


async def test_the_ramp_ends_with_the_first_step_that_is_answered_too_late() -> None:
    found = await measure(_PLAN, _calls(most=4))
    assert found.held == 4
    assert found.ended_by == "6 calls: answered too late"
    assert found.single == [0.1, 0.1]
    assert set(found.crowd) == {0.1}
    assert found.share_per_call >= 0


async def test_a_ramp_that_nothing_ends_holds_its_last_step() -> None:
    found = await measure(_PLAN, _calls(most=100))
    assert (found.held, found.ended_by) == (6, "there was no further step")


async def test_a_lost_call_ends_the_ramp_with_its_reason() -> None:
    opened = itertools.count(1)
    answered = _calls(most=100)

    @asynccontextmanager
    async def call() -> AsyncIterator[Talk]:
        if next(opened) > 4:
            raise CallError("no socket")
        async with answered() as talk:
            yield talk

    found = await measure(_PLAN, call)
    assert found.held == 2
    assert found.ended_by == "4 calls: 1 were lost, the first because of no socket"


async def test_a_sandbox_that_does_not_answer_one_call_is_an_error() -> None:
    def seconds() -> float:
        raise CallError("no answer within 10 s")

    @asynccontextmanager
    async def call() -> AsyncIterator[Talk]:
        yield _Answered(seconds)

    with pytest.raises(CallError, match="no answer"):
        await measure(_PLAN, call)


def test_plans_and_findings_survive_their_journey() -> None:
    assert msgspec.json.decode(msgspec.json.encode(_PLAN), type=Plan) == _PLAN
