"""All that goes through Redis, built from the settings, with one beginning and one end."""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

from limi.adapters.redis.connection import RedisConnection, RedisUnavailableError, Script
from limi.adapters.redis.idempotency_store import RedisIdempotencyStore
from limi.adapters.redis.signal import RedisSignal
from limi.adapters.redis.window_store import RedisWindowStore
from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.kernel.secret import Secret
from limi.kernel.settings import Settings

__all__ = ["RedisReport", "SharedState", "look_at_redis", "open_shared_state"]

_LEASE_MARGIN_SECONDS: Final = 5.0
"""What a mint may take beside upstream's answer and two writes of the journal."""

_LOOK_KEY: Final = b"{limi}:look"
_REPORT: Final = Script.of("""
redis.call('SET', KEYS[1], 1, 'PX', 1000)
return {redis.call('INFO', 'memory'), cmsgpack.unpack(cmsgpack.pack(1))}
""")
"""It writes, because a Redis that is full, or a replica, answers and is of no use."""
_MAX_MEMORY: Final = re.compile(rb"maxmemory:(\d+)")
_POLICY: Final = re.compile(rb"maxmemory_policy:([\w-]+)")


@dataclass(frozen=True, slots=True)
class SharedState:
    """What the processes share."""

    windows: RedisWindowStore
    repeats: RedisIdempotencyStore
    signal: RedisSignal

    def is_healthy(self) -> bool:
        """Say whether Redis decides about limits, and its signals are heard."""
        return self.windows.shared and self.signal.listening

    async def start(self) -> None:
        """Connect; a Redis that is away stops no start."""
        await self.windows.start()
        await self.signal.start()

    async def stop(self) -> None:
        """Close every connection."""
        await self.signal.stop()
        await self.repeats.close()
        await self.windows.stop()


def open_shared_state(settings: Settings, url: Secret, *, clock: Clock, ids: Ids) -> SharedState:
    """Build what goes through the Redis at `url`; nothing connects before `start`.

    Raises:
        ValueError: `url` is no URL of a Redis.
    """
    redis = settings.redis

    def connection() -> RedisConnection:
        return RedisConnection(url=url, timeout_seconds=redis.timeout_ms / 1000)

    return SharedState(
        windows=RedisWindowStore(
            connection=connection(),
            processes=max(settings.server.processes, settings.server.workers),
            max_keys=settings.limits.max_callers,
            clock=clock,
            probe_timeout_seconds=redis.connect_seconds,
        ),
        repeats=RedisIdempotencyStore(
            connection=connection(),
            clock=clock,
            ids=ids,
            max_entries=settings.idempotency.max_entries,
            lease_seconds=_longest_mint_seconds(settings),
        ),
        signal=RedisSignal(url=url, publisher=connection()),
    )


@dataclass(frozen=True, slots=True)
class RedisReport:
    """What a look at Redis found."""

    milliseconds: float
    """How long an answer took once connected."""
    evicts: bool
    """Whether it throws keys away when its memory is full, which would let more pass than the limits say."""


async def look_at_redis(url: Secret, *, timeout_seconds: float) -> RedisReport:
    """Connect, run a script that writes, and see what Redis does when it is full.

    Raises:
        RedisUnavailableError: it does not answer, or refuses.
        ValueError: `url` is no URL of a Redis.
    """
    loop, connection = asyncio.get_running_loop(), RedisConnection(url=url, timeout_seconds=timeout_seconds)
    try:
        await connection.run(_REPORT, (_LOOK_KEY,))
        started = loop.time()
        answer = await connection.run(_REPORT, (_LOOK_KEY,))
        took = loop.time() - started
    finally:
        await connection.close()
    if not isinstance(answer, list) or not isinstance(answer[0], bytes):
        raise RedisUnavailableError("an answer that is none")
    most, policy = _MAX_MEMORY.search(answer[0]), _POLICY.search(answer[0])
    bounded = most is not None and int(most[1]) > 0
    return RedisReport(took * 1000, evicts=bounded and policy is not None and policy[1] != b"noeviction")


def _longest_mint_seconds(settings: Settings) -> float:
    return settings.upstream.timeout_seconds + 2 * settings.journal.write_seconds + _LEASE_MARGIN_SECONDS
