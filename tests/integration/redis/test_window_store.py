"""What sharing costs Redis: round trips and memory."""

import asyncio

from redis import Redis

from limi.adapters.redis.connection import RedisConnection
from limi.adapters.redis.window_script import WINDOW_PREFIX
from limi.adapters.redis.window_store import RedisWindowStore
from limi.features.rate_limits.model import Window
from limi.kernel.clock import SystemClock
from limi.kernel.secret import Secret
from limi.testing import VirtualClock
from tests.integration.redis.fleet import Hold, open_store
from tests.services.redis import RedisServer


def _calls(operator: Redis) -> int:
    stats = operator.info("commandstats")
    return int(stats.get("cmdstat_evalsha", {"calls": 0})["calls"])


async def test_a_thousand_at_once_share_a_few_round_trips(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=VirtualClock()) as store:
            before = _calls(operator)
            decisions = await asyncio.gather(
                *(store.admit([Window(f"caller {number % 7}", 500)]) for number in range(1000))
            )
            assert _calls(operator) - before <= 10
    assert all(decision.admitted for decision in decisions)


async def test_those_who_come_meanwhile_share_the_next(redis: RedisServer) -> None:
    """Nobody comes at the same moment; the call under way, whose answer is long in coming, gathers them."""
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=VirtualClock(), hold=(hold := Hold())) as store:
            before = _calls(operator)
            hold.answers.clear()
            first = asyncio.create_task(store.admit([Window("caller", 500)]))
            await hold.held.wait()
            others = []
            for _ in range(299):
                others.append(asyncio.create_task(store.admit([Window("caller", 500)])))
                await asyncio.sleep(0)
            hold.answers.set()
            remaining = [(await each).remaining for each in (first, *others)]
            # One for the first, and three of at most 128 for the others.
            assert _calls(operator) - before == 4
    assert remaining == list(range(499, 199, -1))


async def test_a_script_that_the_server_forgot_is_sent_again(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=VirtualClock()) as store:
            operator.script_flush()
            assert (await store.admit([Window("caller", 2)])).remaining == 1
            assert store.shared


async def test_windows_leave_redis_by_themselves(redis: RedisServer) -> None:
    clock = VirtualClock()
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=clock) as store:
            await store.admit([Window("caller", 5), Window("everyone", 5)])
            keys = operator.keys(WINDOW_PREFIX + b"*")
            assert sorted(keys) == [WINDOW_PREFIX + b"caller", WINDOW_PREFIX + b"everyone"]
            assert all(60_000 < operator.pttl(key) <= 61_000 for key in keys)


async def test_a_window_holds_no_more_than_a_minutes_admissions(redis: RedisServer) -> None:
    clock = VirtualClock()
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=clock) as store:
            for _ in range(200):
                await clock.advance(1)
                await asyncio.gather(*(store.admit([Window("caller", 1000)]) for _ in range(5)))
                assert operator.llen(WINDOW_PREFIX + b"caller") <= 5 * 60


async def test_a_hundred_thousand_a_minute_take_about_a_megabyte(redis: RedisServer) -> None:
    clock = VirtualClock()
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=clock) as store:
            now = round(clock.monotonic() * 1_000_000)
            operator.rpush(WINDOW_PREFIX + b"caller", *range(now - 59_000_000, now, 590))
            decision = await store.admit([Window("caller", 100_001)])
            assert (decision.remaining, decision.reset_seconds) == (0, 1)
            assert not (await store.admit([Window("caller", 100_001)])).admitted
            assert operator.memory_usage(WINDOW_PREFIX + b"caller", samples=0) < 1_500_000


async def test_time_is_the_servers_own(redis: RedisServer) -> None:
    """Machines' clocks differ; a process in another year is counted like the others."""
    stores = [
        RedisWindowStore(
            connection=RedisConnection(url=Secret(redis.url), timeout_seconds=5),
            processes=2,
            max_keys=10,
            clock=clock,
            probe_timeout_seconds=5,
        )
        for clock in (SystemClock(), VirtualClock(now=2_000_000_000.0))
    ]
    for store in stores:
        await store.start()
    first, second = [await store.admit([Window("caller", 2)]) for store in stores]
    for store in stores:
        await store.stop()
    assert (first.remaining, second.remaining) == (1, 0)
    assert 59 < second.reset_seconds < 60


async def test_a_clock_that_is_set_back_shuts_nobody_out(redis: RedisServer) -> None:
    """What is in the future by more than a moment is forgotten, or it would count until then."""
    clock = VirtualClock()
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=clock) as store:
            future = round((clock.monotonic() + 3600) * 1_000_000)
            operator.rpush(WINDOW_PREFIX + b"caller", future)
            assert (await store.admit([Window("caller", 1)])).admitted
