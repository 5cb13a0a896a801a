"""Removes deliveries that are over, a few at a time: lists and replays reach back so far and no further."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from limi.features.webhooks.ports import DeliveryStore
from limi.kernel.clock import Clock
from limi.kernel.revision import AccessUnavailableError

__all__ = ["DeliveryRetention"]

_log = structlog.get_logger(__name__)

_HOUR_SECONDS: Final = 3600.0
_PAUSE_SECONDS: Final = 0.05
"""Between two removals: with 5 ms for each, others have the database nine tenths of the time."""


class DeliveryRetention:
    """Looks once an hour. Every process may: what one has removed another does not find."""

    def __init__(
        self,
        *,
        deliveries: DeliveryStore,
        keep_seconds: float,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            deliveries: where deliveries are kept.
            keep_seconds: how long one that is over is kept, from when it happened.
            clock: time.
            sleep: how pauses are waited.
        """
        self._deliveries = deliveries
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._remove_for_ever(), name="webhook retention")

    async def stop(self) -> None:
        """End; it may be called again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def run(self) -> int:
        """Remove what is too old; return how many deliveries.

        Raises:
            AccessUnavailableError: the store cannot be written.
        """
        removed = 0
        while count := await self._deliveries.prune(self._clock.now() - self._keep_seconds):
            removed += count
            await self._sleep(_PAUSE_SECONDS)
        return removed

    async def _remove_for_ever(self) -> None:
        while True:
            try:
                if removed := await self.run():
                    _log.info("webhooks.deliveries_removed", count=removed)
            except Exception as exc:  # noqa: BLE001 - it must not end for good because it failed once
                expected = isinstance(exc, AccessUnavailableError)
                _log.warning("webhooks.retention_failed", error=str(exc), exc_info=None if expected else exc)
            await self._sleep(_HOUR_SECONDS)
