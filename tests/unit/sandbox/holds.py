"""How long a piece of work keeps everybody else on the event loop waiting."""

import asyncio
import gc
import time
from collections.abc import Coroutine
from typing import Any

LONGEST_HOLD_SECONDS = 0.005
ROUNDS = 5
"""Tests take the best of so many: at first the system finds memory page by page, which is not our work."""


async def longest_hold(work: Coroutine[Any, Any, None]) -> float:
    """Return the longest that others had to wait meanwhile, in this thread's own processor time.

    Processor time, so that other programs on the machine do not count.
    """
    task = asyncio.ensure_future(work)
    holds: list[float] = []
    # A full collection walks through everything that all tests of this process have loaded.
    gc.collect()
    gc.disable()
    try:
        last = time.thread_time()
        while not task.done():
            await asyncio.sleep(0)
            now = time.thread_time()
            holds.append(now - last)
            last = now
    finally:
        gc.enable()
    await task
    return max(holds)
