"""Asks one store for admissions and says what they cost.

Run as `python -m benchmarks.harness.limit_process KIND URL SECONDS`. It runs under uvloop, as the server does.
Every request is counted in a window of its caller and in one of all.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import msgspec
import uvloop
from redis.asyncio import Redis

from limi.adapters.redis.connection import RedisConnection
from limi.adapters.redis.window_script import ADMIT, decode_decisions, encode_batch
from limi.adapters.redis.window_store import RedisWindowStore
from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.model import Decision, Window
from limi.kernel.clock import SystemClock
from limi.kernel.secret import Secret
from limi.testing.shared_redis import season_redis

__all__ = ["IN_FLIGHT", "KINDS", "figures_of"]

IN_FLIGHT: Final = (1, 8, 64)
_CALLERS: Final = 100
_NO_LIMIT: Final = 1_000_000_000
_WARM_UP: Final = 500
_MOST_KEYS: Final = 10_000
_TIMEOUT_SECONDS: Final = 10.0


class _Store(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def admit(self, windows: Sequence[Window]) -> Decision: ...


class _Memory(InMemoryWindowStore):
    async def start(self) -> None:
        """Nothing is opened."""

    async def stop(self) -> None:
        """Nothing is open."""


class _EachItsOwn:
    """The same script by redis-py's client, one call for each request, as its documentation has it."""

    def __init__(self, url: str) -> None:
        self._client: Redis = Redis.from_url(url, protocol=3)
        self._script = self._client.register_script(ADMIT.text)
        self._run_id = b""

    async def start(self) -> None:
        self._run_id = (await self._client.info("server"))["run_id"].encode()

    async def stop(self) -> None:
        await self._client.aclose()

    async def admit(self, windows: Sequence[Window]) -> Decision:
        keys, written = encode_batch([windows])
        answer = await self._script(keys=keys, args=[self._run_id, b"", written])
        return decode_decisions(answer, 1)[1][0]


def _memory(_: str) -> _Store:
    return _Memory(clock=SystemClock(), max_keys=_MOST_KEYS)


def _shared(url: str) -> _Store:
    return RedisWindowStore(
        connection=RedisConnection(url=Secret(url), timeout_seconds=_TIMEOUT_SECONDS),
        processes=1,
        max_keys=_MOST_KEYS,
        clock=SystemClock(),
        probe_timeout_seconds=_TIMEOUT_SECONDS,
    )


KINDS: Final[dict[str, Callable[[str], _Store]]] = {
    "memory": _memory,
    "shared": _shared,
    "each-its-own": _EachItsOwn,
}


async def figures_of(kind: str, url: str, seconds: float) -> dict[str, float]:
    """Measure one kind of store for so long at each number in flight."""
    found: dict[str, float] = {}
    for many in IN_FLIGHT:
        await season_redis(url, empty=True)
        store = KINDS[kind](url)
        await store.start()
        for key, value in (await _measure(store.admit, many, seconds, url)).items():
            found[f"{key}_at_{many}"] = value
        await store.stop()
    return found


async def _measure(
    admit: Callable[[Sequence[Window]], Awaitable[Decision]], many: int, seconds: float, url: str
) -> dict[str, float]:
    numbers, waits = itertools.count(), list[float]()
    end = float("inf")

    async def ask(most: int) -> None:
        for _ in range(most):
            began = time.perf_counter()
            if began > end:
                return
            caller = Window(f"mint:key:{next(numbers) % _CALLERS}", _NO_LIMIT)
            await admit([caller, Window("mint:*", _NO_LIMIT)])
            waits.append(time.perf_counter() - began)

    await asyncio.gather(*(ask(_WARM_UP // many + 1) for _ in range(many)))
    waits.clear()
    async with Redis.from_url(url) as operator:
        redis_before, before = await _redis_cpu(operator), time.process_time()
        end = time.perf_counter() + seconds
        await asyncio.gather(*(ask(sys.maxsize) for _ in range(many)))
        used, redis_used = time.process_time() - before, await _redis_cpu(operator) - redis_before
    waits.sort()
    return {
        "cpu_us": used / len(waits) * 1e6,
        "redis_us": redis_used / len(waits) * 1e6,
        "p99_us": waits[len(waits) * 99 // 100] * 1e6,
    }


async def _redis_cpu(operator: Redis) -> float:
    found = await operator.info("cpu")
    return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])


def _main() -> None:
    kind, url, seconds = sys.argv[1:]
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(figures_of(kind, url, float(seconds)))))


if __name__ == "__main__":
    _main()
