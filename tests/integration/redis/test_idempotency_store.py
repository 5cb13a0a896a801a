"""Two servers and one `Idempotency-Key`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from redis import Redis
from structlog.testing import capture_logs

from limi.adapters.redis.connection import RedisConnection
from limi.adapters.redis.idempotency_store import RedisIdempotencyStore
from limi.features.client_secrets.errors import IdempotencyConflictError
from limi.features.client_secrets.ports import SealedAnswer
from limi.kernel.ids import RandomIds
from limi.kernel.secret import Secret
from limi.testing import ManualClock
from tests.services.redis import RedisServer

NAME, BODY = b"n" * 32, b"b" * 32


@asynccontextmanager
async def _servers(
    redis: RedisServer, clock: ManualClock, *, leases: Sequence[float] = (60, 60)
) -> AsyncIterator[Sequence[RedisIdempotencyStore]]:
    async with AsyncExitStack() as stack:
        stores = []
        for lease_seconds in leases:
            store = RedisIdempotencyStore(
                connection=RedisConnection(url=Secret(redis.url), timeout_seconds=2),
                clock=clock,
                ids=RandomIds(),
                max_entries=100,
                lease_seconds=lease_seconds,
            )
            stack.push_async_callback(store.close)
            stores.append(store)
        yield stores


def _answer(clock: ManualClock, *, sealed: bytes = b"sealed", seconds: int = 600) -> SealedAnswer:
    return SealedAnswer(body_hash=BODY, sealed=sealed, expires_at=int(clock.now()) + seconds)


async def test_what_one_server_made_the_other_repeats(redis: RedisServer) -> None:
    clock = ManualClock()
    async with _servers(redis, clock) as (here, there):
        assert await here.claim(NAME, BODY) is None
        kept = _answer(clock)
        await here.keep(NAME, kept)
        assert await there.claim(NAME, BODY) == kept


async def test_of_many_at_many_servers_one_makes_the_answer(redis: RedisServer) -> None:
    clock = ManualClock()
    async with _servers(redis, clock, leases=[60] * 4) as servers:
        claims = {asyncio.create_task(server.claim(NAME, BODY)): server for server in servers for _ in range(10)}
        done, waiting = await asyncio.wait(claims, return_when=asyncio.FIRST_COMPLETED)
        (maker,) = done
        assert maker.result() is None
        kept = _answer(clock)
        await claims[maker].keep(NAME, kept)
        assert await asyncio.gather(*waiting) == [kept] * 39


async def test_what_one_gives_up_the_other_makes(redis: RedisServer) -> None:
    clock = ManualClock()
    async with _servers(redis, clock) as (here, there):
        assert await here.claim(NAME, BODY) is None
        waiting = asyncio.create_task(there.claim(NAME, BODY))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await here.release(NAME)
        assert await waiting is None


async def test_another_body_at_another_server_is_a_conflict(redis: RedisServer) -> None:
    clock = ManualClock()
    async with _servers(redis, clock) as (here, there):
        await here.claim(NAME, BODY)
        with pytest.raises(IdempotencyConflictError):
            await there.claim(NAME, b"another body")
        await here.keep(NAME, _answer(clock))
        with pytest.raises(IdempotencyConflictError):
            await there.claim(NAME, b"another body")
        assert await there.claim(NAME, BODY) is not None


async def test_the_claim_of_a_server_that_died_ends_by_itself(redis: RedisServer) -> None:
    async with _servers(redis, ManualClock(), leases=(0.2, 60)) as (dead, living):
        assert await dead.claim(NAME, BODY) is None
        async with asyncio.timeout(5):
            assert await living.claim(NAME, BODY) is None


async def test_whoever_gives_up_late_takes_nothing_from_the_next(redis: RedisServer) -> None:
    clock = ManualClock()
    async with _servers(redis, clock, leases=(0.1, 60, 60)) as (late, next_, third):
        assert await late.claim(NAME, BODY) is None
        assert await next_.claim(NAME, BODY) is None
        await late.release(NAME)
        waiting = asyncio.create_task(third.claim(NAME, BODY))
        await next_.keep(NAME, _answer(clock))
        assert await waiting == _answer(clock)


async def test_the_first_answer_stays(redis: RedisServer) -> None:
    """A lease that ran out makes two answers; whoever asks later must always get the same."""
    clock = ManualClock()
    async with _servers(redis, clock, leases=(0.1, 60, 60)) as (late, next_, third):
        await late.claim(NAME, BODY)
        await next_.claim(NAME, BODY)
        await next_.keep(NAME, _answer(clock, sealed=b"first"))
        await late.keep(NAME, _answer(clock, sealed=b"second"))
        assert await third.claim(NAME, BODY) == _answer(clock, sealed=b"first")


async def test_an_answer_leaves_redis_with_the_key_in_it(redis: RedisServer) -> None:
    clock = ManualClock()
    with Redis.from_url(redis.url) as operator:
        async with _servers(redis, clock) as (here, _):
            await here.claim(NAME, BODY)
            await here.keep(NAME, _answer(clock, seconds=600))
            (key,) = operator.keys(b"{limi}:repeat:*")
            assert 599_000 < operator.pttl(key) <= 600_000


async def test_without_redis_each_server_keeps_its_own(redis: RedisServer) -> None:
    clock = ManualClock()
    redis.kill()
    with capture_logs() as logs:
        async with _servers(redis, clock) as (here, there):
            assert await here.claim(NAME, BODY) is None
            kept = _answer(clock)
            await here.keep(NAME, kept)
            assert await here.claim(NAME, BODY) == kept
            assert await there.claim(NAME, BODY) is None
            redis.restart()
            clock.advance(1)
            other = b"o" * 32
            assert await there.claim(other, BODY) is None
            await there.keep(other, kept)
            assert await here.claim(other, BODY) == kept
    assert [line["event"] for line in logs] == [
        "repeats.alone",
        "repeats.alone",
        "repeats.shared",
        "repeats.shared",
    ]


async def test_redis_that_dies_during_a_mint_loses_no_answer(redis: RedisServer) -> None:
    clock = ManualClock()
    async with _servers(redis, clock) as (here, _):
        assert await here.claim(NAME, BODY) is None
        waiting = asyncio.create_task(here.claim(NAME, BODY))
        redis.kill()
        await here.keep(NAME, _answer(clock))
        assert await waiting == _answer(clock)
        redis.restart()
