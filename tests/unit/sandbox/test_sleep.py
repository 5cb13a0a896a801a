import asyncio

from limi.sandbox.sleep import Sleep


async def test_the_event_loops_own_sleep_is_one() -> None:
    sleep: Sleep = asyncio.sleep
    await sleep(0)
