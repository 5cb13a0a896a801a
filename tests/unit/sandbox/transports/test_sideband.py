"""A socket beside a call: it hears what the client hears, and neither can hold the other up."""

import asyncio
import json
from typing import Any

import pytest

from limi.protocol import default_config
from limi.sandbox.calls import Calls
from limi.sandbox.config import SandboxConfig
from limi.sandbox.sessions.live_session import LiveSession
from limi.sandbox.sessions.send_queue import Farewell
from limi.sandbox.transports.sdp import Offer
from limi.sandbox.transports.sideband import SidebandTransport


class _Socket:
    def __init__(self) -> None:
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[Any] = []
        self.stalled = False
        self.gone = False
        self._sent = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        return await self.incoming.get()

    async def send(self, message: Any) -> None:
        if self.gone:
            raise OSError("the observer has gone")
        if self.stalled:
            await asyncio.Event().wait()
        self.sent.append(message)
        self._sent.set()

    async def event(self) -> Any:
        async with asyncio.timeout(5):
            while not self.sent:
                self._sent.clear()
                await self._sent.wait()
        return json.loads(self.sent.pop(0)["text"])


@pytest.fixture
def config() -> SandboxConfig:
    return SandboxConfig(sideband_queue_bytes=1_000)


@pytest.fixture
async def live(calls: Calls) -> LiveSession:
    call = await calls.open(Offer("v=0", has_data_channel=True), default_config(model="gpt-realtime"))
    live = calls.find(call.id)
    assert live is not None
    return live


def _sideband(live: LiveSession, socket: _Socket, clock: Any) -> "asyncio.Task[None]":
    sideband = SidebandTransport(
        live=live, receive=socket.receive, send=socket.send, sleep=clock.sleep, close_seconds=5.0
    )
    return asyncio.create_task(sideband.run())


async def _joined(live: LiveSession) -> None:
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(live.audience)


async def test_it_hears_what_happens_after_it_joined_and_may_speak(live: LiveSession, clock: Any) -> None:
    socket = _Socket()
    running = _sideband(live, socket, clock)
    socket.incoming.put_nowait({"type": "websocket.receive", "text": '{"type": "input_audio_buffer.clear"}'})
    assert (await socket.event())["type"] == "input_audio_buffer.cleared"
    socket.incoming.put_nowait({"type": "websocket.receive", "bytes": b"\x00"})
    assert (await socket.event())["error"]["code"] == "invalid_event"
    client = [json.loads(await _taken(live))["type"] for _ in range(3)]
    assert client == ["session.created", "input_audio_buffer.cleared", "error"]
    socket.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await asyncio.wait_for(running, 5)
    assert len(live.audience) == 0


async def _taken(live: LiveSession) -> bytes:
    event = await live.send_queue.take()
    assert isinstance(event, bytes)
    return event


async def test_the_call_goes_on_without_it(live: LiveSession, clock: Any) -> None:
    socket = _Socket()
    socket.gone = True
    running = _sideband(live, socket, clock)
    await live.receive_text('{"type": "input_audio_buffer.clear"}')
    await _joined(live)
    await live.receive_text('{"type": "input_audio_buffer.clear"}')
    await asyncio.wait_for(running, 5)
    assert len(live.audience) == 0


async def test_the_end_of_the_call_is_its_end(live: LiveSession, clock: Any) -> None:
    socket = _Socket()
    running = _sideband(live, socket, clock)
    await _joined(live)
    live.leave(Farewell(1001, "bye"))
    await asyncio.wait_for(running, 5)
    assert socket.sent[-1] == {"type": "websocket.close", "code": 1001, "reason": "bye"}


async def test_an_observer_that_does_not_read_is_given_up(live: LiveSession, clock: Any) -> None:
    """Neither the call nor a quick observer waits for it, and what it did not read is not kept."""
    stalled, quick = _Socket(), _Socket()
    stalled.stalled = True
    tasks = [_sideband(live, socket, clock) for socket in (stalled, quick)]
    await _joined(live)
    for _ in range(20):
        await live.receive_text('{"type": "input_audio_buffer.clear"}')
        await quick.event()
    await asyncio.wait_for(tasks[0], 5)
    assert not tasks[1].done()
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(live.audience) == 0
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("sandbox sideband")]


async def test_an_error_of_the_server_is_not_hidden(live: LiveSession, clock: Any) -> None:
    socket = _Socket()

    async def broken() -> dict[str, Any]:
        raise ValueError("a bug in the server")

    socket.receive = broken  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="bug"):
        await asyncio.wait_for(_sideband(live, socket, clock), 5)
