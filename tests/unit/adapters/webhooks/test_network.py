"""Names and connections as the machine has them; only loopback is asked."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from limi.adapters.webhooks.network import NameNotFoundError, PinnedConnector, ThreadResolver


async def test_this_machine_is_found() -> None:
    found = await ThreadResolver().resolve("localhost", 443)
    assert set(found) <= {"127.0.0.1", "::1"}
    assert len(found) == len(set(found)) >= 1


async def test_a_number_is_its_own_address() -> None:
    assert list(await ThreadResolver().resolve("127.0.0.1", 443)) == ["127.0.0.1"]


@pytest.mark.parametrize("name", ["nowhere.invalid", "a" * 64 + ".example"])
async def test_a_name_that_cannot_be_found_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        if len(name) > 63:
            raise UnicodeError
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(NameNotFoundError):
        await ThreadResolver().resolve(name, 443)


async def test_names_whose_servers_are_dead_hold_so_many_threads_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        answered.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    resolver = ThreadResolver()
    waiting = [asyncio.create_task(resolver.resolve("dead.example", 443)) for _ in range(64)]
    await asyncio.sleep(0)
    with pytest.raises(NameNotFoundError):
        await resolver.resolve("one.more.example", 443)
    # Whoever gives up waiting does not free the thread, which waits still.
    waiting[0].cancel()
    await asyncio.sleep(0)
    with pytest.raises(NameNotFoundError):
        await resolver.resolve("one.more.example", 443)
    answered.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {NameNotFoundError, asyncio.CancelledError}


async def test_a_connection_is_made_to_the_address_and_no_name_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **options: Any) -> Any:
        asked.append((host, options.get("flags")))
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    asked.clear()
    connection = await PinnedConnector().connect(["127.0.0.1"], port, name="hooks.example", tls=False)
    await connection.closed
    server.close()
    await server.wait_closed()
    assert asked == [("127.0.0.1", socket.AI_NUMERICHOST | socket.AI_NUMERICSERV)]


async def test_of_two_addresses_one_that_answers_is_enough() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await PinnedConnector().connect(["127.0.0.2", "127.0.0.1"], port, name="hooks.example", tls=False)
    await connection.closed
    server.close()
    await server.wait_closed()
