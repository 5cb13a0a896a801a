"""Counts what has come since, again and again, and removes what is too old.

Every process has one; the store sees to it that a row is counted once, and lets one process have a source to
itself while the others look on. Nothing waits for the rollups, so the work is done in small parts with pauses
between them: requests on this machine go first.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.model import Grain, Source
from limi.features.analytics.ports import ClientEventStore, RollupStore
from limi.kernel.analytics_settings import AnalyticsSettings
from limi.kernel.clock import Clock

__all__ = ["Projector", "oldest_kept"]

_DAY_SECONDS: Final = 86_400
_ROWS: Final = {Source.JOURNAL: 5000, Source.CLIENTS: 500}
"""Rows counted in one transaction: a few milliseconds of work, of which the lock is held for one."""
_REMOVED: Final = 500
"""Rows removed in one transaction, which has the lock all the while."""
_PAUSE_SECONDS: Final = 0.02
"""Between two such parts at least, so that whoever waits for the lock has it."""
_REST: Final = 4.0
"""How many times as long as a part the pause after it is: others have the processor four fifths of the time."""
_REMOVAL_SECONDS: Final = 60.0
_RELEASE_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


class Projector:
    """Runs from `start` to `stop`."""

    def __init__(
        self,
        *,
        rollups: RollupStore,
        events: ClientEventStore,
        settings: AnalyticsSettings,
        clock: Clock,
        worker: str,
        lease_seconds: float = 15.0,
        rest: float = _REST,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            rollups: where things are counted.
            events: what clients reported.
            settings: how often, and how long things are kept.
            clock: time.
            worker: this process's name among those that count.
            lease_seconds: how long after its last count a process that died keeps the others waiting.
            rest: how many times as long as the work before it a pause is.
            sleep: how pauses are waited.
        """
        self._rollups = rollups
        self._events = events
        self._settings = settings
        self._clock = clock
        self._worker = worker
        self._lease_seconds = lease_seconds
        self._rest = rest
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._removed_at: float | None = None
        self.failing = False
        """Whether the last attempt failed."""

    async def start(self) -> None:
        """Begin."""
        if self._settings.enabled:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="usage projector")

    async def stop(self) -> None:
        """End, and leave what was not counted to others, at once."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        with contextlib.suppress(AnalyticsUnavailableError, TimeoutError):
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._rollups.release(self._worker)

    async def catch_up(self) -> int:
        """Count all there is to count, unless others have the sources, and return how many rows that were.

        Raises:
            AnalyticsUnavailableError: the store does not answer.
        """
        counted = 0
        for source in Source:
            began = self._clock.monotonic()
            while rows := await self._part(source):
                counted += rows
                if rows < _ROWS[source]:
                    break
                took = self._clock.monotonic() - began
                await self._sleep(max(_PAUSE_SECONDS, self._rest * took))
                began = self._clock.monotonic()
        return counted

    async def remove_old(self) -> None:
        """Remove what is older than the settings say.

        Raises:
            AnalyticsUnavailableError: the store does not answer.
        """
        now = self._clock.now()
        oldest = oldest_kept(self._settings, now)
        before = now - self._settings.event_days * _DAY_SECONDS
        while await self._events.remove_events(before=before, limit=_REMOVED) == _REMOVED:
            await self._sleep(_PAUSE_SECONDS)
        while await self._rollups.remove_rollups(oldest=oldest, limit=_REMOVED) >= _REMOVED:
            await self._sleep(_PAUSE_SECONDS)

    async def _part(self, source: Source) -> int | None:
        now = self._clock.now()
        return await self._rollups.project(
            source,
            worker=self._worker,
            now=now,
            lease_seconds=self._lease_seconds,
            limit=_ROWS[source],
            oldest=oldest_kept(self._settings, now),
        )

    async def _run(self) -> None:
        while True:
            await self._attempt()
            await self._sleep(self._settings.projection_seconds)

    async def _attempt(self) -> None:
        try:
            await self.catch_up()
            now = self._clock.monotonic()
            if self._removed_at is None or now - self._removed_at >= _REMOVAL_SECONDS:
                self._removed_at = now
                await self.remove_old()
        except Exception as exc:  # noqa: BLE001 - it must not end for good because it failed once
            if not self.failing:
                expected = isinstance(exc, AnalyticsUnavailableError)
                _log.error(
                    "analytics.projection_failed",
                    error=str(exc) if expected else type(exc).__name__,
                    exc_info=None if expected else exc,
                )
            self.failing = True
        else:
            self.failing = False


def oldest_kept(settings: AnalyticsSettings, now: float) -> Mapping[Grain, int]:
    """Return for each grain the start of the oldest stretch that is kept at the Unix second `now`."""
    days = {Grain.MINUTE: settings.minute_days, Grain.HOUR: settings.hour_days, Grain.DAY: settings.day_days}
    return {grain: max(0, grain.start(now - kept * _DAY_SECONDS)) for grain, kept in days.items()}
