import asyncio
import json
from typing import Any

import pytest

from limi.protocol import RealtimeSession, default_config, ids_from_hex
from limi.sandbox.answering.brain import BuiltInBrain
from limi.sandbox.config import SandboxConfig
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.send_queue import Farewell
from limi.sandbox.speech.deaf import DeafRecogniser
from limi.sandbox.transports.websocket import WebSocketTransport


class _Socket:
    """The server's side of an ASGI socket."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[Any] = []
        self.first_sent = asyncio.Event()
        self.third_sent = asyncio.Event()
        self.stalled = False
        self.gone = False

    async def receive(self) -> dict[str, Any]:
        return await self.incoming.get()

    async def send(self, message: Any) -> None:
        if self.gone:
            raise OSError("the client has gone")
        if self.stalled:
            await asyncio.Event().wait()
        self.sent.append(message)
        self.first_sent.set()
        if len(self.sent) > 2:
            self.third_sent.set()


@pytest.fixture
def socket() -> _Socket:
    return _Socket()


@pytest.fixture
def live(clock: Any, ids: Any, voice: Any, detector: Any) -> LiveSession:
    new_id = ids_from_hex(ids.hex)
    faculties = Faculties(
        brain=BuiltInBrain(clock=clock),
        voice=voice,
        detector=detector,
        recogniser=DeafRecogniser(),
        clock=clock,
        sleep=asyncio.sleep,
        new_id=new_id,
    )
    config = default_config(model="gpt-realtime")
    session = RealtimeSession(config=config, new_id=new_id, now=clock.monotonic(), unix_time=clock.now())
    return LiveSession(session=session, faculties=faculties, config=SandboxConfig(send_queue_bytes=5_000))


def _transport(live: LiveSession, socket: _Socket) -> WebSocketTransport:
    return WebSocketTransport(live=live, receive=socket.receive, send=socket.send)


async def test_frames_go_both_ways_until_the_client_leaves(live: LiveSession, socket: _Socket) -> None:
    running = asyncio.create_task(_transport(live, socket).run())
    await socket.first_sent.wait()
    socket.incoming.put_nowait(
        {"type": "websocket.receive", "text": '{"type": "response.cancel", "event_id": "e"}'}
    )
    socket.incoming.put_nowait({"type": "websocket.receive", "bytes": b"\x00"})
    await asyncio.wait_for(socket.third_sent.wait(), 5)
    socket.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await asyncio.wait_for(running, 5)
    events = [json.loads(message["text"]) for message in socket.sent]
    assert [event["type"] for event in events] == ["session.created", "error", "error"]
    assert events[1]["error"]["event_id"] == "e"
    assert events[2]["error"]["code"] == "invalid_event"


async def test_a_farewell_closes_the_socket_with_its_code(live: LiveSession, socket: _Socket) -> None:
    running = asyncio.create_task(_transport(live, socket).run())
    await socket.first_sent.wait()
    live.leave(Farewell(1001, "bye"))
    await asyncio.wait_for(running, 5)
    assert socket.sent[-1] == {"type": "websocket.close", "code": 1001, "reason": "bye"}


async def test_a_client_that_is_gone_ends_the_session_quietly(live: LiveSession, socket: _Socket) -> None:
    socket.gone = True
    await asyncio.wait_for(_transport(live, socket).run(), 5)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("sandbox")]


async def test_a_client_that_does_not_read_is_not_read_from_either(live: LiveSession, socket: _Socket) -> None:
    """Otherwise each of its events would add an answer to a queue without end."""
    socket.stalled = True
    for _ in range(1_000):
        socket.incoming.put_nowait({"type": "websocket.receive", "text": '{"type": "response.cancel"}'})
    running = asyncio.create_task(_transport(live, socket).run())
    for _ in range(200):
        await asyncio.sleep(0)
    assert socket.incoming.qsize() > 900
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("sandbox")]


async def test_others_have_their_turn_between_events_that_are_large(live: LiveSession, socket: _Socket) -> None:
    """A picture goes out with two events, and to copy it takes long."""
    turns = 0
    turns_at: list[int] = []

    async def send(message: Any) -> None:
        if len(message["text"]) > 2**20:
            turns_at.append(turns)

    socket.send = send  # type: ignore[method-assign]
    for _ in range(2):
        live.send_queue.put(b"x" * (2**20 + 1))
    running = asyncio.create_task(_transport(live, socket).run())
    while len(turns_at) < 2:
        turns += 1
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert turns_at[0] < turns_at[1]


async def test_an_error_of_the_server_is_not_hidden(live: LiveSession, socket: _Socket) -> None:
    async def broken() -> dict[str, Any]:
        raise ValueError("a bug in the server")

    socket.receive = broken  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="bug"):
        await _transport(live, socket).run()
