"""One of several processes that ask for admission: `python counting_process.py URL PROCESSES REQUESTS LIMIT`.

Prints how many of its requests passed in the callers' windows, and whether Redis decided all of it.
"""

import asyncio
import json
import sys
from collections import Counter

from limi.adapters.redis.connection import RedisConnection
from limi.adapters.redis.window_store import RedisWindowStore
from limi.features.rate_limits.model import Window
from limi.kernel.clock import SystemClock
from limi.kernel.secret import Secret

_CALLERS = 3
_IN_FLIGHT = 50


async def _count(url: str, processes: int, requests: int, limit: int) -> dict[str, object]:
    store = RedisWindowStore(
        connection=RedisConnection(url=Secret(url), timeout_seconds=30),
        processes=processes,
        max_keys=1000,
        clock=SystemClock(),
        probe_timeout_seconds=30,
    )
    await store.start()
    passed: Counter[str] = Counter()
    numbers = iter(range(requests))

    async def ask() -> None:
        for number in numbers:
            caller = f"caller {number % _CALLERS}"
            windows = [Window(caller, limit), Window("everyone", limit * 2)]
            if (await store.admit(windows)).admitted:
                passed[caller] += 1

    await asyncio.gather(*(ask() for _ in range(_IN_FLIGHT)))
    outcome = {"passed": passed, "shared": store.shared and store.losses == 0}
    await store.stop()
    return outcome


if __name__ == "__main__":
    url, *numbers = sys.argv[1:]
    # Everybody is ready before anybody begins.
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(asyncio.run(_count(url, *map(int, numbers)))))
