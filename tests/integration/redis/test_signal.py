"""A change at one process wakes the others."""

import asyncio
from collections.abc import Callable

from limi.adapters.redis.connection import RedisConnection
from limi.adapters.redis.signal import RedisSignal
from limi.kernel.secret import Secret
from tests.services.redis import RedisServer


def _signal(redis: RedisServer) -> RedisSignal:
    url = Secret(redis.url)
    return RedisSignal(url=url, publisher=RedisConnection(url=url, timeout_seconds=2), sleep=_soon)


async def _soon(_seconds: float) -> None:
    await asyncio.sleep(0.01)


async def _until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 - what happens is another's code
            await asyncio.sleep(0.005)


async def test_a_change_here_wakes_there(redis: RedisServer) -> None:
    here, there = _signal(redis), _signal(redis)
    woken: list[str] = []
    there.subscribe(lambda: woken.append("there"))
    await there.start()
    await _until(lambda: there.listening)
    woken.clear()
    await here.publish()
    await _until(lambda: woken == ["there"])
    await here.stop()
    await there.stop()


async def test_whoever_begins_to_listen_looks_once(redis: RedisServer) -> None:
    """What was published before would be missed otherwise."""
    signal, woken = _signal(redis), list[int]()
    signal.subscribe(lambda: woken.append(1))
    await signal.start()
    await _until(lambda: woken == [1])
    await signal.stop()


async def test_it_listens_again_after_redis_was_away(redis: RedisServer) -> None:
    signal, woken = _signal(redis), list[int]()
    signal.subscribe(lambda: woken.append(1))
    await signal.start()
    await _until(lambda: signal.listening)
    redis.kill()
    await _until(lambda: not signal.listening)
    await signal.publish()
    redis.restart()
    await _until(lambda: signal.listening)
    woken.clear()
    await signal.publish()
    await _until(lambda: woken == [1])
    await signal.stop()
