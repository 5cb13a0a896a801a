"""The server pings its sockets as upstream does, and lets go of a client that does not answer any more."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import websockets
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from limi.cli.server import run_server
from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds
from limi.sandbox.app import Sandbox, create_sandbox
from tests.integration.sandbox.support import serve_app

_PING_SECONDS = 0.2
_KEY = {"Authorization": "Bearer sk-test"}


class _SilentClient:
    """A client that reads, and answers nothing: its program hangs, or its last answers are lost."""

    def __init__(self, url: str) -> None:
        self._protocol = ClientProtocol(parse_uri(url))

    @asynccontextmanager
    async def connected(self, port: int) -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
        request = self._protocol.connect()
        request.headers.update(_KEY)
        self._protocol.send_request(request)
        writer.write(b"".join(self._protocol.data_to_send()))
        try:
            yield reader
        finally:
            writer.close()

    async def read(self, reader: asyncio.StreamReader, opcode: Opcode) -> Frame:
        """Return the next frame of a kind; whatever the protocol would answer is thrown away."""
        async with asyncio.timeout(10):
            while True:
                for event in self._protocol.events_received():
                    if isinstance(event, Frame) and event.opcode is opcode:
                        return event
                self._protocol.receive_data(await reader.read(2**16))
                self._protocol.data_to_send()


@asynccontextmanager
async def _serving() -> AsyncIterator[tuple[Sandbox, int]]:
    sandbox = create_sandbox(clock=SystemClock(), ids=RandomIds())
    async with serve_app(sandbox, ws_ping_interval=_PING_SECONDS, ws_ping_timeout=_PING_SECONDS) as port:
        yield sandbox, port


async def _empty(sandbox: Sandbox) -> None:
    async with asyncio.timeout(10):
        while sandbox.open_sessions:  # noqa: ASYNC110 - the server notices a moment later
            await asyncio.sleep(0.01)


async def test_a_client_is_pinged_with_four_bytes() -> None:
    async with _serving() as (_, port):
        client = _SilentClient(f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime")
        async with client.connected(port) as reader:
            assert len((await client.read(reader, Opcode.PING)).data) == 4


async def test_a_client_that_stops_answering_is_closed_and_its_session_ends() -> None:
    async with _serving() as (sandbox, port):
        client = _SilentClient(f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime")
        async with client.connected(port) as reader:
            await client.read(reader, Opcode.TEXT)
            assert sandbox.open_sessions == 1
            closed = await client.read(reader, Opcode.CLOSE)
            assert int.from_bytes(closed.data[:2], "big") == 1011
            await _empty(sandbox)


async def test_a_client_that_answers_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _serving() as (sandbox, port):
        url = f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime"
        async with websockets.connect(url, additional_headers=_KEY, ping_interval=None) as socket:
            pings = 0
            answer = socket.protocol.recv_frame

            def count(frame: Frame) -> Any:
                nonlocal pings
                pings += frame.opcode is Opcode.PING
                return answer(frame)

            monkeypatch.setattr(socket.protocol, "recv_frame", count)
            async with asyncio.timeout(10):
                while pings < 4:  # noqa: ASYNC110 - pings arrive by themselves
                    await asyncio.sleep(0.01)
            await socket.send(json.dumps({"type": "input_audio_buffer.clear"}))
            async with asyncio.timeout(5):
                while json.loads(await socket.recv())["type"] != "input_audio_buffer.cleared":
                    pass
            assert sandbox.open_sessions == 1
        await _empty(sandbox)


def test_the_commands_servers_ping_about_as_often_as_upstream(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    class Asked(Exception):  # noqa: N818 - nothing is wrong
        pass

    def keep(_: Any, **settings: Any) -> None:
        asked.update(settings)
        raise Asked

    monkeypatch.setattr(uvicorn, "Config", keep)
    with pytest.raises(Asked):
        run_server(None, host="127.0.0.1", port=0, shutdown_seconds=1, announce=print)
    assert asked["ws_ping_interval"] == 20.0
