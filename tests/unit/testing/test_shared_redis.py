"""A Redis for tests that need not wait a minute for it."""

from redis import Redis

from limi.testing import VirtualClock
from limi.testing.shared_redis import season_redis
from tests.integration.redis.fleet import open_store


async def test_a_new_redis_decides_at_once(redis_url: str) -> None:
    async with open_store(redis_url, clock=VirtualClock()) as store:
        assert not store.shared
    await season_redis(redis_url)
    async with open_store(redis_url, clock=VirtualClock()) as store:
        assert store.shared


async def test_what_is_in_it_goes_only_when_told(redis_url: str) -> None:
    with Redis.from_url(redis_url) as operator:
        operator.set("key", 1)
        await season_redis(redis_url)
        assert operator.exists("key")
        await season_redis(redis_url, empty=True)
        assert operator.keys() == [b"{limi}:life"]
