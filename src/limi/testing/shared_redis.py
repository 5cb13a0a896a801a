"""A Redis that tests can use at once: Limi lets a new one decide about limits only when it is a minute old."""

from typing import Final

from limi.adapters.redis.connection import RedisConnection, Script
from limi.adapters.redis.window_script import LIFE_KEY
from limi.kernel.secret import Secret

__all__ = ["season_redis"]

_PATIENCE_SECONDS: Final = 10.0
_SEASON: Final = Script.of("redis.call('SET', KEYS[1], ARGV[1] .. ' 0')")
_EMPTY: Final = Script.of("redis.call('FLUSHDB') redis.call('SET', KEYS[1], ARGV[1] .. ' 0')")


async def season_redis(url: str, *, empty: bool = False) -> None:
    """Have a Redis pass for one that has kept the limits for a long time.

    Args:
        url: its URL, as `LIMI_REDIS_URL` takes it.
        empty: whether all that is in its database goes first.

    Raises:
        RedisUnavailableError: it does not answer.
    """
    connection = RedisConnection(url=Secret(url), timeout_seconds=_PATIENCE_SECONDS)
    try:
        await connection.run(_EMPTY if empty else _SEASON, (LIFE_KEY,))
    finally:
        await connection.close()
