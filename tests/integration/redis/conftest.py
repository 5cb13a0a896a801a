"""A Redis of this folder's own, which its tests may kill, and stores over it."""

import asyncio
from collections.abc import Iterator

import pytest

from limi.testing.shared_redis import season_redis
from tests.services.redis import RedisServer


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    """A server that nobody else uses."""
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def redis(own_redis: RedisServer) -> RedisServer:
    """The same, running, empty, and old enough to decide."""
    asyncio.run(season_redis(own_redis.url, empty=True))
    return own_redis
