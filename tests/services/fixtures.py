"""PostgreSQL and Redis as fixtures. Each pytest process starts its own servers when a test first asks for one."""

from collections.abc import Iterator

import pytest

from tests.services.postgres import PostgreSQL
from tests.services.redis import RedisServer

__all__ = [
    "empty_postgres_url",
    "old_redis_url",
    "postgres_server",
    "postgres_url",
    "redis_server",
    "redis_url",
]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgreSQL]:
    """The run's PostgreSQL. A test that kills it starts it again."""
    server = PostgreSQL()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres_server: PostgreSQL) -> Iterator[str]:
    """A new database with Limi's tables, which is dropped after the test."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_server: PostgreSQL) -> Iterator[str]:
    """A new database without any table."""
    with postgres_server.database(migrated=False) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The run's Redis. A test that kills it starts it again."""
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """A Redis that holds nothing."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def old_redis_url(redis_server: RedisServer, redis_url: str) -> str:
    """A Redis without any window, and old enough that limits are exact from the first request."""
    redis_server.grow_up()
    return redis_url
