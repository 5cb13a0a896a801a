"""One connection, against a real server; tests/integration/redis has servers that die."""

import asyncio
import socket
import time
from typing import Final

import pytest
from redis import Redis

from limi.adapters.redis.connection import RedisConnection, RedisUnavailableError, Script
from limi.kernel.secret import Secret

ECHO: Final = Script.of("return {ARGV[1], ARGV[2] or '', KEYS[1] or ''}")
FAIL: Final = Script.of("return redis.call('GET', 'limi', 'too many')")


async def test_a_script_gets_the_servers_run_id_its_keys_and_arguments(redis_url: str) -> None:
    with Redis.from_url(redis_url) as operator:
        run_id = operator.info("server")["run_id"].encode()
    connection = RedisConnection(url=Secret(redis_url), timeout_seconds=5)
    assert await connection.run(ECHO, [b"key"], [b"argument"]) == [run_id, b"argument", b"key"]
    await connection.close()


async def test_scripts_run_one_after_the_other(redis_url: str) -> None:
    connection = RedisConnection(url=Secret(redis_url), timeout_seconds=5)
    answers = await asyncio.gather(*(connection.run(ECHO, (), (b"%d" % number,)) for number in range(50)))
    assert [answer[1] for answer in answers] == [b"%d" % number for number in range(50)]
    await connection.close()


async def test_a_closed_connection_is_opened_again(redis_url: str) -> None:
    connection = RedisConnection(url=Secret(redis_url), timeout_seconds=5)
    await connection.run(ECHO, ())
    with Redis.from_url(redis_url) as operator:
        operator.client_kill_filter(_type="normal", skipme=True)
    assert (await connection.run(ECHO, (), (b"again",)))[1] == b"again"
    await connection.close()


async def test_an_error_of_the_script_is_no_answer(redis_url: str) -> None:
    connection = RedisConnection(url=Secret(redis_url), timeout_seconds=5)
    with pytest.raises(RedisUnavailableError) as caught:
        await connection.run(FAIL, ())
    assert "too many" not in str(caught.value)
    await connection.close()


async def test_no_answer_in_time_is_none_and_the_next_is_not_its(redis_url: str) -> None:
    connection = RedisConnection(url=Secret(redis_url), timeout_seconds=0.05)
    with Redis.from_url(redis_url) as operator:
        await connection.run(ECHO, (), (b"first",), timeout_seconds=5)
        # Scripts wait and `CLIENT UNPAUSE` does not, so how long it lasts is the test's to say.
        operator.client_pause(60_000, all=False)
        with pytest.raises(RedisUnavailableError, match="TimeoutError"):
            await connection.run(ECHO, (), (b"late",))
        operator.client_unpause()
    assert (await connection.run(ECHO, (), (b"next",), timeout_seconds=5))[1] == b"next"
    await connection.close()


async def test_a_pause_of_this_process_is_not_blamed_on_redis(redis_url: str) -> None:
    """The answer came in time; it was read too late."""
    connection = RedisConnection(url=Secret(redis_url), timeout_seconds=0.05)
    await connection.run(ECHO, (), timeout_seconds=5)
    for _ in range(5):
        waiting = asyncio.create_task(connection.run(ECHO, (), (b"in time",)))
        await asyncio.sleep(0)
        time.sleep(0.1)  # noqa: ASYNC251 - what is tested
        assert (await waiting)[1] == b"in time"
    await connection.close()


async def test_whoever_is_cancelled_leaves_no_answer_behind(redis_url: str) -> None:
    connection = RedisConnection(url=Secret(redis_url), timeout_seconds=5)
    with Redis.from_url(redis_url) as operator:
        await connection.run(ECHO, ())
        operator.client_pause(60_000, all=False)
        waiting = asyncio.create_task(connection.run(ECHO, (), (b"late",)))
        await asyncio.sleep(0.02)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        operator.client_unpause()
    assert (await connection.run(ECHO, (), (b"next",)))[1] == b"next"
    await connection.close()


async def test_nobody_there_is_said_without_the_address() -> None:
    connection = RedisConnection(url=Secret("redis://:hunter2@127.0.0.1:9/0"), timeout_seconds=5)
    with pytest.raises(RedisUnavailableError) as caught:
        await connection.run(ECHO, ())
    assert caught.value.reason == "nothing listens there (ConnectionError)"


async def test_a_name_that_leads_nowhere_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", find_nothing)
    connection = RedisConnection(url=Secret("redis://nowhere.example:1/0"), timeout_seconds=5)
    with pytest.raises(RedisUnavailableError, match="its name cannot be looked up"):
        await connection.run(ECHO, ())


async def test_another_database_is_another_place(redis_url: str) -> None:
    write, read = Script.of("return redis.call('SET', KEYS[1], 1)"), Script.of("return redis.call('GET', KEYS[1])")
    connections = [
        RedisConnection(url=Secret(redis_url.removesuffix("/0") + path), timeout_seconds=5)
        for path in ("/0", "/1")
    ]
    await connections[0].run(write, [b"key"])
    assert [await connection.run(read, [b"key"]) for connection in connections] == [b"1", None]
    for connection in connections:
        await connection.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://127.0.0.1:x", "redis://127.0.0.1?no_such_option=1"])
def test_what_is_no_url_of_a_redis_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says in its own words what is wrong
        RedisConnection(url=Secret(url), timeout_seconds=5)


def test_a_script_is_named_as_the_server_names_it() -> None:
    assert Script.of("return 1").sha == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
