"""The bounds on what a client sends before its request is known, and how those past them are refused."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from limi.cli.connections import ConnectionLimits, GuardedProtocol, default_limits
from limi.kernel.ids import RandomIds

LONG = ConnectionLimits(head_bytes=1000, head_seconds=60, connections=2)
SHORT = ConnectionLimits(head_bytes=1000, head_seconds=0.05, connections=2)
GET = b"GET / HTTP/1.1\r\nhost: limi\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: limi\r\ntransfer-encoding: chunked\r\n\r\n"


async def _echo_length(scope: Any, receive: Any, send: Any) -> None:
    """Answer `/early` before the body, `/held` once the gate opens, all else after the body; echo on a socket."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": (await receive())["text"]})
        return
    if scope["path"] == "/held":
        await scope["state"]["gate"].wait()
    length, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    body = f"<{length}>".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, data: bytes) -> bytes:
        """Send, and return an answer of the application."""
        self.writer.write(data)
        return await self.reader.readuntil(b">")

    async def rest(self) -> bytes:
        """Return what comes until the server closes."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


Connect = Callable[[], Any]


@asynccontextmanager
async def serving(limits: ConnectionLimits, gate: asyncio.Event | None = None) -> AsyncIterator[Connect]:
    config = Config(_echo_length, log_config=None, access_log=False, ws="websockets-sansio")
    config.load()
    loop = asyncio.get_running_loop()
    state = ServerState()
    make = partial(GuardedProtocol, config, state, {"gate": gate}, loop, limits=limits, ids=RandomIds())
    server = await loop.create_server(make, "127.0.0.1", 0)
    opened: list[asyncio.StreamWriter] = []

    async def connect() -> Client:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        opened.append(writer)
        return Client(reader, writer)

    try:
        yield connect
    finally:
        for writer in opened:
            writer.close()
        for connection in list(state.connections):
            connection.transport.abort()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*state.tasks, return_exceptions=True)


def _refusal(answer: bytes, status: int) -> dict[str, Any]:
    """Check the shape every error has, and return the body."""
    head, body = answer.split(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0].startswith(f"http/1.1 {status} ")
    assert {"content-type: application/json", "connection: close", f"content-length: {len(body)}"} <= set(lines)
    error: dict[str, Any] = msgspec.json.decode(body)
    assert re.fullmatch("[0-9a-f]{16}", error["requestId"])
    assert f"x-request-id: {error['requestId']}" in lines
    assert error["reference"] == f"/errors/{error['code']}"
    return error


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET / HTTP/1.1\r\nx: " + b"a" * 5000, id="one long value, all at once"),
        pytest.param(b"GET / HTTP/1.1\r\nx: " + b"a" * 5000 + b"\r\n\r\n", id="complete, and too long"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 500, id="many lines"),
        pytest.param(b"GET /" + b"a" * 5000, id="a long path"),
        pytest.param(b"\r\n" * 2000, id="nothing but empty lines"),
    ],
)
async def test_a_head_past_the_limit_is_answered_431(head: bytes) -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(head)
        error = _refusal(await client.rest(), 431)
    assert (error["code"], error["message"]) == (
        "invalid_request",
        "headers: they may be 1000 bytes long, all together",
    )


async def test_a_head_past_the_limit_is_refused_however_small_its_pieces_are() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(b"GET / HTTP/1.1\r\n")
        for _ in range(200):
            client.writer.write(b"x: aaaa\r\n")
            await asyncio.sleep(0)
        _refusal(await client.rest(), 431)


async def test_a_head_of_exactly_the_limit_is_served_and_the_next_one_counts_from_nothing() -> None:
    fill = b"a" * (LONG.head_bytes - len(GET) - len(b"x: \r\n"))
    head = GET[:-2] + b"x: " + fill + b"\r\n\r\n"
    assert len(head) == LONG.head_bytes
    async with serving(LONG) as connect:
        client = await connect()
        for _ in range(3):
            assert (await client.ask(head)).endswith(b"<0>")
            assert (await client.ask(GET)).endswith(b"<0>")


async def test_a_body_may_be_longer_than_a_head() -> None:
    head = b"POST / HTTP/1.1\r\nhost: limi\r\ncontent-length: 50000\r\n\r\n"
    async with serving(LONG) as connect:
        client = await connect()
        assert (await client.ask(head + b"a" * 50_000 + GET)).endswith(b"<50000>")
        assert (await client.reader.readuntil(b">")).endswith(b"<0>")


async def test_trailers_count_like_headers() -> None:
    """They are kept in memory just the same, and no body's limit sees them."""
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(CHUNKED + b"1\r\na\r\n0\r\n" + b"x: y\r\n" * 1000)
        _refusal(await client.rest(), 431)


async def test_what_is_not_http_is_answered_in_the_shape_of_every_error() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        with capture_logs() as logs:
            client.writer.write(b"\x16\x03\x01 hello\r\n\r\n")
            error = _refusal(await client.rest(), 400)
    assert error["code"] == "invalid_request"
    assert [line for line in logs if line.get("request_id") == error["requestId"]]


async def test_a_broken_body_is_answered_too() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(CHUNKED + b"not a length\r\n")
        _refusal(await client.rest(), 400)


async def test_an_answer_under_way_is_not_followed_by_one_it_could_be_mistaken_for() -> None:
    """The first request's client would take the second's 400 for its own answer."""
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(GET + b"\x00 broken\r\n\r\n")
        assert b"400" not in await client.rest()


@pytest.mark.parametrize("begun", [b"", b"\r\n", GET[:20]])
async def test_a_head_that_does_not_arrive_ends_the_connection(begun: bytes) -> None:
    """Half a head is told why; who sent nothing is not, because nothing was asked."""
    async with serving(SHORT) as connect:
        client = await connect()
        client.writer.write(begun)
        answer = await client.rest()
    if begun.strip():
        error = _refusal(answer, 408)
        assert (error["code"], error["message"]) == (
            "request_timeout",
            "The headers did not arrive within 0.05 s",
        )
    else:
        assert answer == b""


@pytest.mark.parametrize("begun", [b"\r\n", GET[:20]])
async def test_the_second_head_of_a_connection_has_a_deadline_too(begun: bytes) -> None:
    """uvicorn ends its own wait with the first byte, so that one byte would do to stay for ever."""
    async with serving(SHORT) as connect:
        client = await connect()
        await client.ask(GET)
        client.writer.write(begun)
        assert (b" 408 " in await client.rest()) == bool(begun.strip())


async def test_a_body_nobody_waits_for_any_more_does_not_keep_the_connection() -> None:
    head = b"POST /early HTTP/1.1\r\nhost: limi\r\ncontent-length: 100\r\n\r\n"
    async with serving(SHORT) as connect:
        client = await connect()
        await client.ask(head)
        client.writer.write(b"a")
        assert await client.rest() == b""


async def test_a_request_that_takes_longer_than_a_head_may_is_served() -> None:
    async with serving(SHORT) as connect:
        client, other = await connect(), await connect()
        client.writer.write(CHUNKED + b"1\r\na\r\n")
        # The other connection, opened later, has met its deadline: the first one's is over.
        assert await other.rest() == b""
        assert (await client.ask(b"0\r\n\r\n")).endswith(b"<1>")


async def test_a_head_that_we_do_not_read_is_not_late() -> None:
    """Reading pauses while a pipelined request waits for the one before it."""
    gate = asyncio.Event()
    async with serving(SHORT, gate) as connect:
        client = await connect()
        client.writer.write(GET.replace(b"/ ", b"/held ") + GET + GET[:20])
        await client.writer.drain()
        assert await (await connect()).rest() == b""
        client.writer.write(GET[20:])
        gate.set()
        for _ in range(3):
            assert (await client.reader.readuntil(b">")).endswith(b"<0>")


async def test_a_websocket_has_no_deadline_even_after_a_request_on_its_connection() -> None:
    upgrade = (
        b"GET / HTTP/1.1\r\nhost: limi\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with serving(SHORT) as connect:
        client = await connect()
        await client.ask(GET)
        client.writer.write(upgrade)
        assert b" 101 " in await client.reader.readuntil(b"\r\n\r\n")
        assert await (await connect()).rest() == b""
        client.writer.write(b"\x81\x82\x00\x00\x00\x00hi")
        assert await client.reader.readexactly(4) == b"\x81\x02hi"


async def test_one_connection_too_many_is_told_so_and_those_before_it_are_served() -> None:
    async with serving(LONG) as connect:
        first, second = await connect(), await connect()
        await first.ask(GET)
        await second.ask(GET)
        third = await connect()
        error = _refusal(await third.rest(), 503)
        assert (error["code"], error["retryAfter"]) == ("overloaded", 1000)
        assert (await first.ask(GET)).endswith(b"<0>")
        first.writer.close()
        await asyncio.sleep(0)
        assert (await second.ask(GET)).endswith(b"<0>")
        assert (await (await connect()).ask(GET)).endswith(b"<0>")


def test_connections_leave_files_for_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may open 1024 files keeps a quarter for upstream, database and speech."""
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    assert default_limits().connections == 768
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert default_limits() == ConnectionLimits(head_bytes=65_536, head_seconds=10, connections=10_000)


def test_uvicorn_still_has_every_method_that_is_overridden() -> None:
    """An upgrade that renamed one would leave a bound unenforced, silently."""
    hooks = {
        name
        for name, member in vars(GuardedProtocol).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }
    assert {"data_received", "on_headers_complete", "on_body", "send_400_response"} <= hooks
    for name in hooks | {"__init__"}:
        ours, theirs = getattr(GuardedProtocol, name), getattr(HttpToolsProtocol, name)
        mine = [p for p in inspect.signature(ours).parameters.values() if p.name not in {"limits", "ids"}]
        assert [p.name for p in mine] == list(inspect.signature(theirs).parameters), name
    names = inspect.getsource(HttpToolsProtocol) + inspect.getsource(RequestResponseCycle)
    for used in ("self.send_400_response(", "self.handle_websocket_upgrade(", "self.more_body", "self.pipeline"):
        assert used in names
