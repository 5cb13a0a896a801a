"""Two backends that share a Redis, seen by their callers."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from limi.kernel.settings import SettingsError
from limi.testing import Backend, FakeUpstream, running_backend
from tests.architecture.log_watch import WATCH
from tests.services.redis import RedisServer

_MINT = "/api/client-secret"
_LIMIT = 40


@asynccontextmanager
async def _two_servers(
    redis: RedisServer,
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient, FakeUpstream]]:
    upstream = FakeUpstream()
    upstream.now = int(time.time())
    environ = {
        "LIMI_REDIS_URL": redis.url,
        # Generous: how fast this machine is, is not what is tested.
        "LIMI_REDIS_TIMEOUT_MS": "5000",
        "LIMI_PROCESSES": "2",
        "LIMI_TOKENS_PER_MINUTE": str(_LIMIT),
    }
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(upstream.running())

        async def server() -> httpx.AsyncClient:
            backend: Backend = await stack.enter_async_context(
                running_backend(upstream_url=upstream.url, environ=environ)
            )
            return await stack.enter_async_context(
                httpx.AsyncClient(base_url=backend.url, trust_env=False, timeout=30)
            )

        yield await server(), await server(), upstream


async def _mint(client: httpx.AsyncClient, headers: dict[str, str] | None = None) -> httpx.Response:
    answer = await client.post(_MINT, headers=headers)
    if answer.status_code == 200:
        WATCH.register(answer.json()["ephemeralKey"])
    return answer


async def _mints(clients: list[httpx.AsyncClient], count: int) -> Counter[int]:
    answers = await asyncio.gather(*(_mint(clients[number % len(clients)]) for number in range(count)))
    return Counter(answer.status_code for answer in answers)


async def test_a_caller_has_one_limit_at_both(redis: RedisServer) -> None:
    async with _two_servers(redis) as (here, there, _):
        assert await _mints([here, there], 100) == {200: _LIMIT, 429: 100 - _LIMIT}
        assert (await here.get("/readyz")).json()["redis"] in {"ok", "degraded"}


async def test_one_key_at_both_servers_is_one_mint(redis: RedisServer) -> None:
    key = {"idempotency-key": "one-key-for-two-servers"}
    async with _two_servers(redis) as (here, there, upstream):
        answers = await asyncio.gather(*(_mint(client, key) for client in [here, there] * 5))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["ephemeralKey"] for answer in answers}) == 1
        assert len(upstream.asked) == 1


async def test_callers_notice_nothing_of_a_redis_that_dies_but_their_share(redis: RedisServer) -> None:
    """All of it happens within one minute, which may hold twice the limit and never an answer of 500 or more."""
    async with _two_servers(redis) as (here, there, _):
        answers = await _mints([here, there], 60)
        assert answers[200] == _LIMIT
        redis.kill()
        lost = await _mints([here, there], 60)
        assert lost[200] == _LIMIT
        ready = await here.get("/readyz")
        assert (ready.status_code, ready.json()["redis"]) == (200, "degraded")
        assert "limi_limits_alone 1.0" in (await here.get("/metrics")).text
        redis.restart()
        back = await _mints([here, there], 60)
        total = answers + lost + back
        assert set(total) == {200, 429}
        assert total[200] <= 2 * _LIMIT


async def test_an_option_that_no_client_has_stops_the_start_without_the_password() -> None:
    url = "redis://:hunter2-of-this-test@127.0.0.1:9/0?no_such_option=1"
    with pytest.raises(SettingsError) as caught:
        async with running_backend(environ={"LIMI_REDIS_URL": url}):
            pass
    assert str(caught.value).startswith("LIMI_REDIS_URL (redis.url) holds an option")
