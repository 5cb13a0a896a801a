"""Watches whether the event loop comes round in time: what blocks it holds up every request of the process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

__all__ = ["LoopWatch"]

_PAUSE_SECONDS: Final = 0.25
"""Four looks a second find a loop that is held up for a tenth of a second within seconds, and cost nothing."""


class LoopWatch:
    """Sleeps, and tells how much later than it wished it woke up."""

    def __init__(
        self,
        *,
        observe: Callable[[float], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            observe: is told the seconds.
            sleep: how the pause is waited.
            now: seconds of a clock that only goes forward.
        """
        self._observe = observe
        self._sleep = sleep
        self._now = now
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch_for_ever(), name="event loop watch")

    async def stop(self) -> None:
        """Watch no more. It may be called again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _watch_for_ever(self) -> None:
        while True:
            due = self._now() + _PAUSE_SECONDS
            await self._sleep(_PAUSE_SECONDS)
            # A timer of the loop may also come a little early, which is nobody's lag.
            self._observe(max(0.0, self._now() - due))
