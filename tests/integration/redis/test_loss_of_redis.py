"""Redis dies, comes back empty, or is slow: nobody is refused for it who has a share left, and twice the limit is
the most that any minute ever holds.

Time is moved by hand; Redis and its death are real.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import pytest
from redis import Redis
from structlog.testing import capture_logs

from limi.adapters.redis.connection import RedisConnection
from limi.adapters.redis.window_script import ADMIT, LIFE_KEY, decode_decisions, encode_batch
from limi.features.rate_limits.model import WINDOW_SECONDS, Decision, Window
from limi.kernel.secret import Secret
from limi.testing import VirtualClock
from tests.integration.redis.fleet import Fleet, open_fleet, open_store
from tests.services.redis import RedisServer

PROCESSES: Final = 3
LIMIT: Final = 30
Disaster = Callable[[Fleet, RedisServer], Awaitable[None]]


async def _killed_for_a_while(fleet: Fleet, redis: RedisServer) -> None:
    redis.kill()
    await fleet.live(10, asks=4)
    redis.restart()


async def _restarted_at_once(fleet: Fleet, redis: RedisServer) -> None:
    redis.kill()
    redis.restart()
    await fleet.live(1, asks=4)


async def _restarted_while_most_are_idle(fleet: Fleet, redis: RedisServer) -> None:
    """The others never see it gone: they find an empty Redis that answers."""
    redis.kill()
    await fleet.live(3, asks=10, only=1)
    redis.restart()
    await fleet.live(5, asks=10, only=1)


async def _emptied(fleet: Fleet, redis: RedisServer) -> None:
    redis.flush()
    await fleet.live(1, asks=4)


async def _killed_again_and_again(fleet: Fleet, redis: RedisServer) -> None:
    for seconds in (1, 20, 70, 5):
        redis.kill()
        await fleet.live(3, asks=4)
        redis.restart()
        await fleet.live(seconds, asks=4)


async def _killed_for_long(fleet: Fleet, redis: RedisServer) -> None:
    redis.kill()
    await fleet.live(150, asks=4)
    assert fleet.passed_within_a_minute() == LIMIT // PROCESSES * PROCESSES
    redis.restart()


@pytest.mark.parametrize(
    "disaster",
    [
        _killed_for_a_while,
        _restarted_at_once,
        _restarted_while_most_are_idle,
        _emptied,
        _killed_again_and_again,
        _killed_for_long,
    ],
)
async def test_twice_the_limit_is_the_most_that_passes(disaster: Disaster, redis: RedisServer) -> None:
    async with open_fleet(redis.url, processes=PROCESSES, limit=LIMIT) as fleet:
        await fleet.live(70, asks=4)
        assert fleet.most == fleet.passed_within_a_minute() == LIMIT
        with capture_logs() as logs:
            await disaster(fleet, redis)
            await fleet.live(50, asks=4)
            assert not all(store.shared for store in fleet.stores)
            await fleet.live(150, asks=4)
        assert LIMIT < fleet.most <= 2 * LIMIT
        assert all(store.shared for store in fleet.stores)
        assert fleet.passed_within_a_minute() == LIMIT
        said = [line["event"] for line in logs]
        assert said.count("limits.alone") == said.count("limits.shared") == sum(s.losses for s in fleet.stores)


async def test_a_first_start_counts_apart_until_redis_is_a_minute_old(redis: RedisServer) -> None:
    """Nobody can tell a first start from one after Redis lost everything."""
    redis.flush()
    async with open_fleet(redis.url, processes=PROCESSES, limit=LIMIT) as fleet:
        assert not any(store.shared for store in fleet.stores)
        await fleet.live(59, asks=4)
        assert fleet.passed_within_a_minute() == LIMIT
        await fleet.live(3, asks=4)
        assert all(store.shared for store in fleet.stores)


async def _ask_the_script(redis: RedisServer) -> tuple[float, list[Decision]]:
    connection = RedisConnection(url=Secret(redis.url), timeout_seconds=5)
    keys, batch = encode_batch([[Window("caller", 5)]])
    try:
        return decode_decisions(await connection.run(ADMIT, keys, (b"", batch)), 1)
    finally:
        await connection.close()


async def test_what_a_young_redis_does_not_decide_it_does_not_count(redis: RedisServer) -> None:
    """Each process counts it meanwhile; counted twice, callers would get less than their limit afterwards."""
    redis.flush()
    age_seconds, decisions = await _ask_the_script(redis)
    assert (age_seconds < WINDOW_SECONDS, decisions) == (True, [])
    with Redis.from_url(redis.url) as operator:
        assert operator.keys() == [LIFE_KEY]


@pytest.mark.parametrize(("run_id", "years"), [("0" * 40, -1), (None, 1)], ids=["another's", "of the future"])
async def test_a_life_that_is_not_its_own_is_not_believed(
    redis: RedisServer, run_id: str | None, years: int
) -> None:
    """A server that keeps its data on disk comes back with the life of before, and without the last admissions."""
    with Redis.from_url(redis.url) as operator:
        since = (int(operator.time()[0]) + years * 31_536_000) * 1_000_000
        operator.set(LIFE_KEY, f"{run_id or operator.info('server')['run_id']} {since}")
    assert (await _ask_the_script(redis))[1] == []


async def test_a_start_without_redis_is_a_start(redis: RedisServer) -> None:
    redis.kill()
    clock = VirtualClock()
    with capture_logs() as logs:
        async with open_store(redis.url, clock=clock, processes=2) as store:
            decisions = [await store.admit([Window("caller", 5)]) for _ in range(4)]
    redis.restart()
    assert [(decision.admitted, decision.limit) for decision in decisions] == [(True, 2)] * 2 + [(False, 2)] * 2
    assert [line for line in logs if line["event"] == "limits.alone"] == [
        {
            "event": "limits.alone",
            "log_level": "warning",
            "reason": "nothing listens there (ConnectionError)",
            "share": "1/2",
        }
    ]


async def test_a_slow_redis_holds_nobody_up(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=VirtualClock(), timeout_seconds=0.05) as store:
            operator.client_pause(60_000, all=False)
            began = asyncio.get_running_loop().time()
            decisions = await asyncio.gather(*(store.admit([Window("caller", 100)]) for _ in range(300)))
            took = asyncio.get_running_loop().time() - began
            assert not store.shared
        operator.client_unpause()
    assert sum(decision.admitted for decision in decisions) == 100
    assert took < 300 * 0.05 / 3, "they would wait one after the other"


async def test_an_idle_connection_that_was_closed_is_no_loss(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=VirtualClock()) as store:
            await store.admit([Window("caller", 2)])
            operator.client_kill_filter(_type="normal", skipme=True)
            decision = await store.admit([Window("caller", 2)])
            assert (store.shared, decision.remaining) == (True, 0)


async def test_a_full_redis_is_a_lost_one(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as operator:
        async with open_store(redis.url, clock=VirtualClock(), processes=2) as store:
            operator.config_set("maxmemory", 1)
            with capture_logs() as logs:
                decision = await store.admit([Window("caller", 10)])
            operator.config_set("maxmemory", 0)
            assert (store.shared, decision.admitted, decision.limit) == (False, True, 5)
    assert [line["reason"] for line in logs] == ["its memory is full (OutOfMemoryError)"]


async def test_a_wrong_password_is_said_without_it(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as operator:
        operator.config_set("requirepass", "the-right-one-of-this-test")
        try:
            url = redis.url.replace("redis://", "redis://:the-wrong-one-of-this-test@")
            with capture_logs() as logs:
                async with open_store(url, clock=VirtualClock()) as store:
                    assert (await store.admit([Window("caller", 1)])).admitted
                    assert not store.shared
        finally:
            operator.config_set("requirepass", "")
    assert [line["reason"] for line in logs] == ["it refuses the user name or the password (AuthenticationError)"]
    assert "one-of-this-test" not in str(logs)
