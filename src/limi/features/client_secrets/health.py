"""Is upstream there, and does it take our key? Asked rarely, answered often."""

import asyncio
from dataclasses import dataclass

from limi.features.client_secrets.errors import UpstreamError
from limi.features.client_secrets.ports import Upstream
from limi.kernel.clock import Clock

__all__ = ["Health", "HealthProbe"]


@dataclass(frozen=True, slots=True)
class Health:
    """What upstream said when it was last asked."""

    checked_at: float
    """Unix seconds."""
    response_ms: int
    problem: UpstreamError | None = None

    @property
    def accessible(self) -> bool:
        """Say whether a mint could have worked."""
        return self.problem is None


class HealthProbe:
    """Asks upstream at most once per `cache_seconds`, whoever and however many want to know."""

    def __init__(self, *, upstream: Upstream, clock: Clock, cache_seconds: float) -> None:
        self._upstream = upstream
        self._clock = clock
        self._cache_seconds = cache_seconds
        self._lock = asyncio.Lock()
        self._last: tuple[float, Health] | None = None
        self._refresh: asyncio.Task[Health] | None = None

    async def check(self) -> Health:
        """Return upstream's health, at most `cache_seconds` old."""
        async with self._lock:
            started = self._clock.monotonic()
            if self._last and started - self._last[0] < self._cache_seconds:
                return self._last[1]
            problem = await self._ask()
            ended = self._clock.monotonic()
            health = Health(self._clock.now(), round((ended - started) * 1000), problem)
            self._last = (ended, health)
            return health

    def glance(self) -> Health | None:
        """Return what is known already, without waiting, and see to it that it is known better next time.

        For readiness probes, whose asker gives up long before a silent upstream does.
        """
        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(self.check(), name="health refresh")
        return self._last[1] if self._last else None

    async def close(self) -> None:
        """End a check that nobody waits for."""
        if self._refresh is not None:
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)

    async def _ask(self) -> UpstreamError | None:
        try:
            await self._upstream.check()
        except UpstreamError as exc:
            return exc
        return None
