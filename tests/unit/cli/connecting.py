"""The guarded protocol over real sockets, with an application that does what the path says."""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState

from limi.cli.connection_limits import ConnectionLimits
from limi.cli.connections import HTTPConnection
from limi.cli.sockets import GuardedSocket
from limi.kernel.ids import RandomIds

__all__ = ["Client", "Served", "refusal_in", "serving"]


async def _echo_length(scope: Any, receive: Any, send: Any) -> None:
    """Answer `/early` before the body, `/held` once the gate opens, all else after the body; echo on a socket.

    `/left` is answered to nobody: it opens the gate when its client has gone. `/crash` fails.

    The answer is the length of the body, and the headers for `/head`.
    """
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        text = (await receive())["text"]
        if scope["path"].startswith("/flood"):
            await _flood(send, closes=scope["path"].endswith("close"))
        else:
            await send({"type": "websocket.send", "text": text})
        return
    if scope["path"] == "/much":
        await _answer_much(send)
        return
    if scope["path"] == "/crash":
        raise RuntimeError
    if scope["path"] == "/left":
        while (await receive())["type"] != "http.disconnect":
            pass
        scope["state"]["gate"].set()
        return
    if scope["path"] == "/held":
        await scope["state"]["gate"].wait()
    length, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    told = f"{length}"
    if scope["path"] == "/head":
        told = ", ".join(f"{name.decode()}: {value.decode()}" for name, value in scope["headers"])
    body = f"<{told}>".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _flood(send: Any, *, closes: bool) -> None:
    with suppress(ClientDisconnected):
        for _ in range(40 if closes else 100):
            await send({"type": "websocket.send", "bytes": b"a" * 100_000})
        if closes:
            await send({"type": "websocket.close"})


async def _answer_much(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(100):
        await send({"type": "http.response.body", "body": b"a" * 100_000, "more_body": True})
    await send({"type": "http.response.body", "body": b">"})


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, data: bytes) -> bytes:
        """Send, and return an answer of the application."""
        self.writer.write(data)
        return await self.reader.readuntil(b">")

    def stop_reading(self) -> None:
        """Take nothing any more."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport can

    def reset(self) -> None:
        """Go without a word, so that nobody takes it for the end of one half."""
        at_once = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.writer.transport.abort()

    async def rest(self) -> bytes:
        """Return what comes until the server closes."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


class Served:
    """A server that can be connected to by calling it."""

    def __init__(self, address: tuple[str, int], state: ServerState) -> None:
        self._address = address
        self.state = state
        self.opened: list[asyncio.StreamWriter] = []

    async def __call__(self) -> Client:
        reader, writer = await asyncio.open_connection(*self._address)
        self.opened.append(writer)
        return Client(reader, writer)

    async def until_served(self) -> None:
        """Wait until a connection was taken."""
        async with asyncio.timeout(20):
            while not self.state.connections:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)

    async def until_asked(self) -> None:
        """Wait until the application works on a request."""
        async with asyncio.timeout(20):
            while not self.state.tasks:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)

    async def until_empty(self) -> None:
        """Wait until no connection is held any more."""
        async with asyncio.timeout(20):
            while self.state.connections:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    limits: ConnectionLimits, gate: asyncio.Event | None = None, *, keep_alive_seconds: int = 5
) -> AsyncIterator[Served]:
    sockets: Any = partial(GuardedSocket, write_seconds=limits.write_seconds, ids=RandomIds())
    config = Config(
        _echo_length, log_config=None, access_log=False, ws=sockets, timeout_keep_alive=keep_alive_seconds
    )
    config.load()
    loop = asyncio.get_running_loop()
    state = ServerState()
    make = partial(HTTPConnection, config, state, {"gate": gate}, loop, limits=limits, ids=RandomIds())
    server = await loop.create_server(make, "127.0.0.1", 0)
    served = Served(server.sockets[0].getsockname()[:2], state)
    try:
        yield served
    finally:
        for writer in served.opened:
            writer.close()
        for connection in list(state.connections):
            connection.transport.abort()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*state.tasks, return_exceptions=True)


def refusal_in(answer: bytes, status: int) -> dict[str, Any]:
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
