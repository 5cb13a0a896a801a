"""The caller process: one call alone, then ever more at once, until the sandbox answers too late.

Run as `python -m benchmarks.harness.voice_driver PLAN`, where the plan is JSON; the last line printed is what was
found.
"""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec
import uvloop

from benchmarks.harness.processes import cpu_seconds
from benchmarks.harness.voice_plan import MARK, Found, Plan, Transport, holds
from benchmarks.harness.voice_socket import socket_call
from benchmarks.harness.voice_turns import CallError
from benchmarks.harness.voice_webrtc import webrtc_call

__all__ = ["Call", "Talk", "measure"]

_MOST_BUSY: Final = 0.8
"""Share of its core above which this process, not the sandbox, could be what is late."""
_ARRIVAL: Final = 0.5
"""Share of a window over which new callers arrive, so that they do not all fall silent at once."""


class Talk(Protocol):
    """What is done in a call, over and over; `Conversation` is one."""

    async def turn(self) -> float:
        """Speak, and return the seconds until the first sound of the answer."""

    async def listen(self) -> None:
        """Hear the answer out."""


Call = Callable[[], AbstractAsyncContextManager[Talk]]


@dataclass(slots=True)
class _Crowd:
    """Callers that talk and listen in turns until they are sent away."""

    call: Call
    turns: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def grow(self, calls: int, *, over_seconds: float) -> None:
        more = calls - len(self.tasks)
        for number in range(more):
            talk = self._talk(after_seconds=over_seconds * number / more)
            self.tasks.append(asyncio.create_task(talk))

    async def _talk(self, *, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        try:
            async with self.call() as conversation:
                while True:
                    self.turns.append(await conversation.turn())
                    await conversation.listen()
        except CallError as exc:
            self.lost.append(str(exc))


@asynccontextmanager
async def _crowd(call: Call) -> AsyncIterator[_Crowd]:
    crowd = _Crowd(call)
    try:
        yield crowd
    finally:
        for task in crowd.tasks:
            task.cancel()
        await asyncio.gather(*crowd.tasks, return_exceptions=True)


async def measure(plan: Plan, call: Call) -> Found:
    """Carry out a plan.

    Args:
        plan: What to do.
        call: Opens a call.

    Raises:
        CallError: not even one call alone was answered.
    """
    single = await _alone(call, plan)
    async with _crowd(call) as crowd:
        return await _ramp(crowd, plan, single)


def _caller(plan: Plan) -> Call:
    kind = socket_call if plan.transport is Transport.SOCKET else webrtc_call
    return lambda: kind(plan.port, plan.key, seconds=plan.speech_seconds)


async def _alone(call: Call, plan: Plan) -> list[float]:
    turns = []
    async with call() as conversation:
        for _ in range(plan.warm_up_turns + plan.single_turns):
            turns.append(await conversation.turn())
            await conversation.listen()
    return turns[plan.warm_up_turns :]


async def _ramp(crowd: _Crowd, plan: Plan, single: list[float]) -> Found:
    kept: list[float] = []
    held, busiest, per_call, ended_by = 0, 0.0, 0.0, "there was no further step"
    for calls in plan.steps:
        crowd.grow(calls, over_seconds=plan.window_seconds * _ARRIVAL)
        watch = _Watch(plan.server_pid)
        turns = await _window(crowd, plan)
        if calls == plan.crowd:
            # By then all of them have arrived, so only from here on is there a share for each.
            watch = _Watch(plan.server_pid) if plan.crowd_windows else watch
            for _ in range(plan.crowd_windows):
                turns += await _window(crowd, plan)
            kept, per_call = turns, watch.server_share() / calls
        share = watch.own_share()
        busiest = max(busiest, share)
        reason = _reason(crowd, turns, calls, share, plan)
        _say(f"{calls} calls: {len(turns)} turns, half of them within {_middle_ms(turns):.0f} ms {reason}")
        if reason:
            ended_by = f"{calls} calls: {reason}"
            break
        held = calls
    return Found(
        single=single,
        crowd=kept,
        share_per_call=per_call,
        held=held,
        load_share=busiest,
        ended_by=ended_by,
    )


async def _window(crowd: _Crowd, plan: Plan) -> list[float]:
    crowd.turns.clear()
    await asyncio.sleep(plan.window_seconds)
    return list(crowd.turns)


def _reason(crowd: _Crowd, turns: list[float], calls: int, share: float, plan: Plan) -> str:
    """Return why so many calls were not held; empty when they were."""
    if share > _MOST_BUSY:
        return f"the callers used {share:.0%} of their own core"
    if crowd.lost:
        return f"{len(crowd.lost)} were lost, the first because of {crowd.lost[0]}"
    if not holds(turns, calls=calls, bound_seconds=plan.bound_seconds):
        return "answered too late"
    return ""


class _Watch:
    """Knows how busy both cores were since it began."""

    def __init__(self, server_pid: int) -> None:
        self._server_pid = server_pid
        self._began = time.monotonic()
        self._server = cpu_seconds(server_pid)
        self._own = time.process_time()

    def server_share(self) -> float:
        return (cpu_seconds(self._server_pid) - self._server) / (time.monotonic() - self._began)

    def own_share(self) -> float:
        return (time.process_time() - self._own) / (time.monotonic() - self._began)


def _middle_ms(turns: list[float]) -> float:
    return 1000 * sorted(turns)[len(turns) // 2] if turns else float("nan")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _main() -> None:
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            found = runner.run(measure(plan, _caller(plan)))
        except CallError as exc:
            sys.exit(str(exc))
    print(MARK + msgspec.json.encode(found).decode())


if __name__ == "__main__":
    _main()
