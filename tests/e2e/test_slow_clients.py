"""Clients that send too much before they ask, and those in the middle of something when the server ends."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import ConversationItemParam
from websockets.exceptions import ConnectionClosed

from tests.e2e.harness import MINT, Server

_HEAD_LIMIT = 65_536


@asynccontextmanager
async def _connected(server: Server) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
    try:
        yield reader, writer
    finally:
        writer.close()


@pytest.mark.parametrize("line", [b"x: y\r\n", b"a" * 4096], ids=["a head without end", "a header without end"])
async def test_headers_are_refused_at_64_kib_and_the_connection_closed(tmp_path: Path, line: bytes) -> None:
    async with Server.running(tmp_path) as server, server.client() as client:
        async with _connected(server) as (reader, writer):
            writer.write(
                b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-fill: " + line * (_HEAD_LIMIT // len(line))
            )
            head, body = (await asyncio.wait_for(reader.read(), 30)).split(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 431 ")
        assert {"code", "error", "message", "requestId", "reference"} <= json.loads(body).keys()
        assert (await client.get("/healthz", headers={"x-fill": "a" * 60_000})).status_code == 200


async def test_whoever_sends_half_a_head_does_not_keep_others_or_the_end_waiting(tmp_path: Path) -> None:
    async with (
        Server.running(tmp_path) as server,
        server.client() as client,
        _connected(server) as (_, writer),
    ):
        writer.write(b"GET /healthz HTTP/1.1\r\nhost:")
        await writer.drain()
        assert (await client.get("/healthz")).status_code == 200
        async with asyncio.timeout(5):
            await server.stop()


async def test_a_spoken_reply_is_cut_short_with_1001_when_the_server_ends(tmp_path: Path) -> None:
    """An SDK tells a server that goes away (1001) from one that failed, and the process does not wait."""
    async with Server.running(tmp_path) as server, server.client() as client:
        key = (await client.post(MINT)).json()["ephemeralKey"]
        sdk = AsyncOpenAI(api_key=key, base_url=f"{server.url}/sandbox/v1")
        async with sdk, sdk.realtime.connect(model="gpt-realtime-2.1") as connection:
            await _until_it_speaks(connection)
            server.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as caught:
                await asyncio.wait_for(_drain(connection), 10)
        assert await asyncio.wait_for(server.process.wait(), 5) == 0
        assert not any("Traceback" in line for line in server.log)
    assert caught.value.rcvd
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1001, "The sandbox is shutting down.")


async def _until_it_speaks(connection: AsyncRealtimeConnection) -> None:
    text = "Please repeat after me: " + "this sentence goes on and on, " * 30
    message: ConversationItemParam = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": text}],
    }
    await connection.conversation.item.create(item=message)
    await connection.response.create()
    async with asyncio.timeout(30):
        while (await connection.recv()).type != "response.output_audio.delta":
            pass


async def _drain(connection: AsyncRealtimeConnection) -> None:
    while True:
        await connection.recv()
