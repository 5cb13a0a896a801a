"""The receiver of webhooks, which takes and counts."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.harness.processes import choose_cores
from benchmarks.harness.webhook_receiver import Deliveries, Receiver, listen, receiver_running


def _post(event: str, body: str = "{}") -> bytes:
    head = f"POST /hook HTTP/1.1\r\nHost: here\r\nWebhook-Id: {event}\r\nContent-Length: {len(body)}\r\n\r\n"
    return f"{head}{body}".encode()


async def _deliver(port: int, *requests: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(requests))
    for _ in requests:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
    writer.close()
    await writer.wait_closed()


async def _read(port: int) -> Deliveries:
    return await asyncio.to_thread(Receiver(port).read)


async def test_deliveries_are_counted_with_and_without_those_that_came_again() -> None:
    async with await listen(0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await _read(port) == Deliveries(taken=0, events=0, first=None)
        await _deliver(port, _post("a"), _post("b"), _post("a"))
        await _deliver(port, _post("c"))
        found = await _read(port)
    assert (found.taken, found.events) == (4, 3)


async def test_the_first_is_kept_as_it_came() -> None:
    async with await listen(0) as server:
        port = server.sockets[0].getsockname()[1]
        await _deliver(port, _post("a", '{"first": true}'), _post("b", '{"first": false}'))
        found = await _read(port)
    assert found.first is not None
    assert found.first.body == '{"first": true}'
    assert found.first.headers["webhook-id"] == "a"


async def test_a_silent_one_takes_and_never_answers() -> None:
    async with await listen(0, silent=True) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_post("a"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read(1)
        assert (await _read(port)).taken == 1
        writer.close()
        await writer.wait_closed()


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    with receiver_running(core=choose_cores().load, folder=tmp_path) as receiver:
        assert receiver.url == f"http://127.0.0.1:{receiver.port}/hook"
        assert receiver.read().taken == 0
