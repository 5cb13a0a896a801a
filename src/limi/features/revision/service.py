"""Looks at the number that moves with every change of keys, tenants and profiles."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from limi.features.revision.ports import RevisionSignal, RevisionStore
from limi.kernel.clock import Clock
from limi.kernel.revision import AccessUnavailableError

__all__ = ["RevisionWatch"]

_log = structlog.get_logger(__name__)

_Sleep = Callable[[float], Awaitable[None]]


class RevisionWatch:
    """The process's one watch; implements `limi.kernel.revision.Revision`.

    It looks every `poll_seconds`, or sooner when another process signals. Seen last longer ago than
    `stale_seconds`, the number is not believed any more: then a key that was revoked meanwhile would still open.
    """

    def __init__(
        self,
        *,
        store: RevisionStore,
        signal: RevisionSignal,
        clock: Clock,
        poll_seconds: float,
        stale_seconds: float,
        sleep: _Sleep = asyncio.sleep,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            store: where the number is.
            signal: wakes this watch and those of others.
            clock: measures how long ago the last look was.
            poll_seconds: between two looks.
            stale_seconds: how long a look is believed.
            sleep: how the pause between two looks is waited.
        """
        self.number = 0
        """The number as it was last seen; 0 before the first look."""
        self._store = store
        self._signal = signal
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._stale_seconds = stale_seconds
        self._sleep = sleep
        self._seen_at = float("-inf")
        self._failing = False
        self._look: asyncio.Task[None] | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._woken = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def fresh(self) -> bool:
        """Say whether the last look is recent enough to be believed."""
        return self._clock.monotonic() - self._seen_at <= self._stale_seconds

    async def start(self) -> None:
        """Look once, and go on looking. A database that is away does not hinder the start."""
        self._signal.subscribe(self._woken.set)
        await self._try()
        self._tasks = (
            asyncio.create_task(self._look_for_ever(), name="revision polls"),
            asyncio.create_task(self._heed_signals(), name="revision signals"),
        )

    async def stop(self) -> None:
        """Look no more. It may be called again."""
        running = [task for task in (*self._tasks, self._look) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._tasks, self._look = (), None

    async def refresh(self) -> None:
        """Look now; who calls meanwhile shares the look.

        Raises:
            AccessUnavailableError: the number cannot be read.
        """
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._read(), name="revision look")
        # Shielded, because a caller who goes away must not take the look from the others.
        await asyncio.shield(self._look)

    async def announce(self) -> None:
        """Look now because this process made a change, and have the others look. It never raises."""
        if self._look is not None and not self._look.done():
            # A look that is under way may have read the number before it moved.
            await self._try()
        await self._try()
        await self._signal.publish()

    async def moved_from(self, number: int | None) -> None:
        """Return when the number is another than `number`, be it at once or after any look to come."""
        while self.number == number:
            await self._moved.wait()

    async def _read(self) -> None:
        # The time before the question: the number may have moved again while the answer was on its way.
        asked_at = self._clock.monotonic()
        try:
            number = await self._store.read()
        except AccessUnavailableError as exc:
            if not self._failing:
                self._failing = True
                _log.error("access.unavailable", error=str(exc))
            raise
        if self._failing:
            self._failing = False
            _log.warning("access.recovered")
        self._seen_at = asked_at
        if number != self.number:
            self.number = number
            # Another takes its place, so that whoever waits next waits for the next move.
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    async def _try(self) -> None:
        try:
            await self.refresh()
        except AccessUnavailableError:
            return  # Said in the log already; whoever needs the number finds it stale.

    async def _look_for_ever(self) -> None:
        while True:
            await self._sleep(self._poll_seconds)
            await self._try()

    async def _heed_signals(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self._try()
