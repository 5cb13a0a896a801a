"""Time that passes at a test's word, for whoever looks at a clock and for whoever sleeps by it."""

import asyncio
import heapq
from itertools import count
from typing import Final

__all__ = ["VirtualClock"]

_BEGIN: Final = 1000.0
_TURNS: Final = 20
"""Turns of the event loop given to those who wake, so that they can do what they woke for and sleep again. A task
that hands on to another, which hands on to a third, needs three."""


class VirtualClock:
    """A clock and the sleep that goes with it: `create_sandbox(clock=clock, sleep=clock.sleep)`.

    Sleepers wake in the order of their times, each at exactly its own; an hour of them takes milliseconds. Work
    that is not sleep (sockets, speech in worker processes) goes on in real time and does not move the clock.
    It belongs to one event loop.
    """

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        """Begin at a moment, in Unix seconds; unless given, it is one of September 2026."""
        self._offset = now - _BEGIN
        self._monotonic = _BEGIN
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> float:
        """Return Unix seconds."""
        return self._monotonic + self._offset

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start."""
        return self._monotonic

    @property
    def sleepers(self) -> int:
        """How many sleep at this moment."""
        return len(self._sleepers)

    async def sleep(self, seconds: float) -> None:
        """Wait until so much time has been let pass; gives others a turn when that is nothing."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleeper = (self._monotonic + seconds, next(self._order), woken)
        heapq.heappush(self._sleepers, sleeper)
        try:
            await woken
        except asyncio.CancelledError:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)
            raise

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everybody wake whose time comes meanwhile."""
        await _turns()
        end = self._monotonic + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            # Set, not added up: whoever compares with the time it slept for must not wake a rounding error early.
            self._monotonic, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
                await _turns()
        self._monotonic = end
        await _turns()


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
