"""All that goes through Redis, as the settings have it."""

import msgspec
import pytest
from redis import Redis

from limi.adapters.redis.connection import RedisUnavailableError
from limi.adapters.redis.shared_state import look_at_redis, open_shared_state
from limi.features.rate_limits.model import Window
from limi.kernel.ids import RandomIds
from limi.kernel.secret import Secret
from limi.kernel.settings import RedisSettings, ServerSettings, Settings
from limi.testing import ManualClock
from limi.testing.shared_redis import season_redis

NOWHERE = Secret("redis://:hunter2@127.0.0.1:9/0")


async def test_it_begins_and_ends_with_redis(redis_url: str) -> None:
    await season_redis(redis_url)
    shared = open_shared_state(Settings(), Secret(redis_url), clock=ManualClock(), ids=RandomIds())
    await shared.start()
    assert shared.windows.shared
    assert await shared.repeats.claim(b"n" * 32, b"b" * 32) is None
    await shared.stop()
    assert not shared.is_healthy()


@pytest.mark.parametrize(("processes", "share"), [(1, 12), (3, 4)])
async def test_it_begins_without_redis_and_counts_by_itself(processes: int, share: int) -> None:
    settings = Settings(server=ServerSettings(processes=processes), redis=RedisSettings(connect_seconds=0.5))
    shared = open_shared_state(settings, NOWHERE, clock=ManualClock(), ids=RandomIds())
    await shared.start()
    assert not shared.is_healthy()
    assert (await shared.windows.admit([Window("caller", 12)])).limit == share
    await shared.stop()


def test_options_that_no_client_has_are_refused() -> None:
    with pytest.raises(ValueError, match="option"):
        open_shared_state(Settings(), Secret("redis://h?oops=1"), clock=ManualClock(), ids=RandomIds())


async def test_a_look_says_how_long_an_answer_takes(redis_url: str) -> None:
    report = await look_at_redis(Secret(redis_url), timeout_seconds=5)
    assert 0 < report.milliseconds < 5000
    assert not report.evicts


@pytest.mark.parametrize(
    ("memory", "policy", "evicts"),
    [("0", "allkeys-lru", False), ("100mb", "noeviction", False), ("100mb", "volatile-ttl", True)],
)
async def test_a_redis_that_throws_keys_away_is_found(
    redis_url: str,
    memory: str,
    policy: str,
    evicts: bool,  # noqa: FBT001
) -> None:
    with Redis.from_url(redis_url) as operator:
        operator.config_set("maxmemory", memory)
        operator.config_set("maxmemory-policy", policy)
        try:
            assert (await look_at_redis(Secret(redis_url), timeout_seconds=5)).evicts is evicts
        finally:
            operator.config_set("maxmemory", "0")
            operator.config_set("maxmemory-policy", "noeviction")


async def test_a_redis_that_is_full_is_found(redis_url: str) -> None:
    """It answers whoever only reads, and every process counts by itself."""
    with Redis.from_url(redis_url) as operator:
        operator.config_set("maxmemory", "1000")
        try:
            with pytest.raises(RedisUnavailableError, match="its memory is full"):
                await look_at_redis(Secret(redis_url), timeout_seconds=5)
        finally:
            operator.config_set("maxmemory", "0")


async def test_a_replica_is_found(redis_url: str) -> None:
    with Redis.from_url(redis_url) as operator:
        operator.replicaof("127.0.0.1", "9")
        try:
            with pytest.raises(RedisUnavailableError, match="it is a replica, which cannot be written"):
                await look_at_redis(Secret(redis_url), timeout_seconds=5)
        finally:
            operator.replicaof("NO", "ONE")


async def test_a_look_at_nothing_says_so_without_the_password() -> None:
    with pytest.raises(RedisUnavailableError) as caught:
        await look_at_redis(NOWHERE, timeout_seconds=0.5)
    assert "hunter2" not in str(caught.value)


def test_no_password_is_in_what_settings_look_like() -> None:
    assert "hunter2" not in repr(RedisSettings(url=NOWHERE))
    assert "hunter2" not in str(msgspec.structs.asdict(RedisSettings(url=NOWHERE)))
