"""The Redis of a measurement."""

from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from benchmarks.harness.processes import choose_cores
from benchmarks.harness.redis_server import redis_cpu_seconds, redis_running, redis_version


def test_it_answers_until_the_end_of_the_block(tmp_path: Path) -> None:
    with redis_running(core=choose_cores().load, folder=tmp_path) as url, Redis.from_url(url) as operator:
        assert operator.ping()
    with Redis.from_url(url) as operator, pytest.raises(RedisConnectionError):
        operator.ping()


def test_its_processor_time_grows_with_what_it_does(tmp_path: Path) -> None:
    with redis_running(core=choose_cores().load, folder=tmp_path) as url, Redis.from_url(url) as operator:
        before = redis_cpu_seconds(url)
        operator.eval("for i = 1, 1000000 do local x = i * i end", 0)
        assert redis_cpu_seconds(url) > before


def test_its_version_is_a_number() -> None:
    assert int(redis_version().split(".")[0]) >= 6
