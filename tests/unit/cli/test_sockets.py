"""WebSockets whose clients take nothing."""

import asyncio
import inspect
import json
from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from limi.cli.connection_limits import ConnectionLimits
from limi.cli.sockets import GuardedSocket
from tests.unit.cli.connecting import Client, Served, serving

IMPATIENT = ConnectionLimits(head_bytes=1000, head_seconds=60, connections=9, write_seconds=0.2)


async def _opened(connect: Served, path: bytes) -> Client:
    client = await connect()
    client.writer.write(
        b"GET " + path + b" HTTP/1.1\r\nhost: limi\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert b" 101 " in await client.reader.readuntil(b"\r\n\r\n")
    return client


@pytest.mark.parametrize("path", [b"/flood", b"/flood-and-close"])
async def test_a_client_that_reads_nothing_is_let_go(path: bytes) -> None:
    """Nor does a close wait for it: uvicorn's would, for as long as the client likes."""
    async with serving(IMPATIENT) as connect:
        client = await _opened(connect, path)
        client.stop_reading()
        with capture_logs() as logs:
            client.writer.write(b"\x81\x82\x00\x00\x00\x00hi")
            await connect.until_empty()
    assert [line["event"] for line in logs] == ["connection.cut"]


async def test_a_client_that_reads_slowly_gets_everything() -> None:
    """In all it takes longer than the server waits; the second is more than a collection of garbage takes."""
    async with serving(replace(IMPATIENT, write_seconds=1)) as connect:
        client = await _opened(connect, b"/flood")
        client.writer.write(b"\x81\x82\x00\x00\x00\x00hi")
        size = 0
        while size < 10_000_000:
            piece = await client.reader.read(100_000)
            assert piece, f"cut after {size} bytes"
            size += len(piece)
            await asyncio.sleep(0.015)


@pytest.mark.parametrize(
    ("path", "openai"), [(b"/sandbox/v1/realtime?model=gpt-realtime", True), (b"/elsewhere", False)]
)
@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"sec-websocket-version: 13\r\n", "handshake: missing Sec-WebSocket-Key header"),
        (
            b"sec-websocket-version: 8\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "handshake: invalid Sec-WebSocket-Version header: 8",
        ),
    ],
)
async def test_a_head_that_is_no_handshake_is_answered_in_the_shape_of_its_path(
    path: bytes, said: bytes, why: str, *, openai: bool
) -> None:
    async with serving(IMPATIENT) as connect:
        client = await connect()
        upgrade = b"host: limi\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        client.writer.write(b"GET " + path + b" HTTP/1.1\r\n" + upgrade + said + b"\r\n")
        head, _, body = (await client.reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"sec-websocket-version: 13" in head
    assert b"x-request-id: " in head
    answer = json.loads(body)
    assert (answer["error"] if openai else answer)["message"] == why
    assert (answer["error"] if openai else answer)["code"] == "invalid_request"


def test_uvicorn_still_has_every_method_that_is_overridden() -> None:
    """An upgrade that renamed one would leave the deadline out, silently."""
    hooks = {name for name, member in vars(GuardedSocket).items() if inspect.isfunction(member)}
    own = {"_refuse"}
    assert {"handle_connect", "pause_writing", "shutdown", "keepalive_timeout", "send"} <= hooks
    assert all(hasattr(WebSocketsSansIOProtocol, name) for name in hooks - own)
    source = inspect.getsource(WebSocketsSansIOProtocol)
    for used in ("self.close_sent", "self.handshake_initiated", "self.keepalive_timeout)", "self.handle_connect("):
        assert used in source
