"""Several processes' stores over one Redis, in one event loop and by one clock that a test moves."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from limi.adapters.redis.connection import RedisConnection
from limi.adapters.redis.window_store import RedisWindowStore
from limi.features.rate_limits.model import WINDOW_SECONDS, Window
from limi.kernel.secret import Secret
from limi.testing import VirtualClock

__all__ = ["Fleet", "Hold", "open_fleet", "open_store"]

_TIMEOUT_SECONDS = 2.0
"""Generous: what is tested is what happens without Redis, not how fast this machine is."""


class Hold:
    """Keeps Redis's answers from a store for as long as a test wants."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        """Whether they are let through, as they are to begin with."""
        self.answers.set()
        self.held = asyncio.Event()
        """Whether one was kept."""


class _HeldConnection(RedisConnection):
    """A connection whose answers come when they may."""

    def __init__(self, hold: Hold, **given: Any) -> None:
        super().__init__(**given)
        self._hold = hold

    async def run(self, *arguments: Any, **given: Any) -> object:
        answer = await super().run(*arguments, **given)
        if not self._hold.answers.is_set():
            self._hold.held.set()
            await self._hold.answers.wait()
        return answer


@asynccontextmanager
async def open_store(
    url: str,
    *,
    clock: VirtualClock,
    processes: int = 1,
    timeout_seconds: float = _TIMEOUT_SECONDS,
    hold: Hold | None = None,
) -> AsyncIterator[RedisWindowStore]:
    """Run one process's store; `hold` keeps its answers."""
    store = RedisWindowStore(
        connection=_HeldConnection(hold or Hold(), url=Secret(url), timeout_seconds=timeout_seconds),
        processes=processes,
        max_keys=1000,
        clock=clock,
        probe_timeout_seconds=timeout_seconds,
        server_time=False,
        sleep=clock.sleep,
    )
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


@dataclass
class Fleet:
    """The stores, and how much they let through."""

    clock: VirtualClock
    stores: Sequence[RedisWindowStore]
    window: Window
    most: int = 0
    """The most admissions that any minute has held so far."""
    _recent: deque[float] = field(default_factory=deque)

    async def live(self, seconds: int, *, asks: int, only: int | None = None) -> None:
        """Let time pass, with so many requests a second at every process, or only at the first few."""
        for _ in range(seconds):
            await self.clock.advance(1)
            # Whoever looks after Redis by now gets the time to.
            await asyncio.sleep(0.002)
            stores = list(self.stores)[:only]
            decisions = await asyncio.gather(
                *(store.admit([self.window]) for store in stores for _ in range(asks))
            )
            self._count(sum(decision.admitted for decision in decisions))

    def passed_within_a_minute(self) -> int:
        """Return how many of the last minute were admitted."""
        return len(self._recent)

    def _count(self, admitted: int) -> None:
        now = self.clock.monotonic()
        self._recent.extend([now] * admitted)
        while self._recent and self._recent[0] <= now - WINDOW_SECONDS:
            self._recent.popleft()
        self.most = max(self.most, len(self._recent))


@asynccontextmanager
async def open_fleet(url: str, *, processes: int, limit: int) -> AsyncIterator[Fleet]:
    """Run several processes' stores."""
    clock = VirtualClock()
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(open_store(url, clock=clock, processes=processes))
            for _ in range(processes)
        ]
        yield Fleet(clock, stores, Window("caller", limit))
