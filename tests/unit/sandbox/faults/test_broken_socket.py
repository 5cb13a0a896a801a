"""Sockets that break, with a server and an application played by the test."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from limi.sandbox.faults.broken_socket import BrokenSocket
from limi.sandbox.faults.rules import parse_rule
from limi.testing import VirtualClock


class _Wire:
    """Both ends of a socket: what the application sends arrives here, and what the client says is put here."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.said: asyncio.Queue[Any] = asyncio.Queue()
        self.heard: list[Any] = []
        self.errors: list[OSError] = []
        self.to_send: asyncio.Queue[str] = asyncio.Queue()

    async def app(
        self, _: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        async def write() -> None:
            try:
                await send({"type": "websocket.accept"})
                while True:
                    await send({"type": "websocket.send", "text": await self.to_send.get()})
            except OSError as error:
                self.errors.append(error)

        writer = asyncio.create_task(write())
        while (message := await receive())["type"] != "websocket.disconnect":
            self.heard.append(message)
        self.heard.append(message)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)

    async def send(self, message: Any) -> None:
        self.arrived.append(message.get("text", message["type"]))


@pytest.fixture
def wire() -> _Wire:
    return _Wire()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def _event(event_type: str) -> str:
    return json.dumps({"type": event_type})


def _start(wire: _Wire, clock: VirtualClock, what: str, **how: Any) -> tuple[BrokenSocket, "asyncio.Task[None]"]:
    socket = BrokenSocket(parse_rule({"where": "socket", "what": what, **how}), sleep=clock.sleep)
    for name in ("a", "b", "a", "c"):
        wire.to_send.put_nowait(_event(name))
    return socket, asyncio.create_task(socket.carry(wire.app, {}, wire.said.get, wire.send))


@pytest.mark.parametrize(
    ("how", "arrived"),
    [
        ({}, []),
        ({"after_events": 2}, ["a", "b"]),
        ({"event": "a", "after_events": 1}, ["a", "b"]),
        ({"event": "c"}, ["a", "b", "a"]),
    ],
)
async def test_a_socket_is_dropped_after_so_many_events_and_the_application_sees_a_client_that_is_gone(
    wire: _Wire, clock: VirtualClock, how: dict[str, Any], arrived: list[str]
) -> None:
    _, running = _start(wire, clock, "drop", **how)
    await asyncio.wait_for(running, 5)
    assert wire.arrived == ["websocket.accept", *map(_event, arrived)]
    assert wire.heard == [{"type": "websocket.disconnect", "code": 1006}]
    assert len(wire.errors) == 1


async def test_a_socket_is_dropped_after_a_time_although_nothing_is_said(wire: _Wire, clock: VirtualClock) -> None:
    _, running = _start(wire, clock, "drop", after_seconds=30)
    await clock.advance(29)
    assert wire.arrived[1:] == [_event(name) for name in ("a", "b", "a", "c")]
    assert not running.done()
    await clock.advance(1)
    await asyncio.wait_for(running, 5)


async def test_a_stalled_socket_says_nothing_hears_everything_and_goes_on_afterwards(
    wire: _Wire, clock: VirtualClock
) -> None:
    _, running = _start(wire, clock, "stall", after_events=1, seconds=10)
    wire.said.put_nowait({"type": "websocket.receive", "text": "1"})
    await clock.advance(9)
    wire.said.put_nowait({"type": "websocket.receive", "text": "2"})
    await clock.advance(0)
    assert wire.arrived == ["websocket.accept", _event("a")]
    assert [message["text"] for message in wire.heard] == ["1", "2"]
    await clock.advance(1)
    assert wire.arrived[1:] == [_event(name) for name in ("a", "b", "a", "c")]
    wire.said.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await asyncio.wait_for(running, 5)


async def test_a_half_open_socket_neither_says_nor_hears_and_is_cut_in_the_end(
    wire: _Wire, clock: VirtualClock
) -> None:
    _, running = _start(wire, clock, "half_open", after_events=1, seconds=10)
    await clock.advance(0)
    wire.said.put_nowait({"type": "websocket.receive", "text": "1"})
    await clock.advance(9)
    assert wire.arrived == ["websocket.accept", _event("a")]
    assert wire.heard == []
    await clock.advance(1)
    await asyncio.wait_for(running, 5)
    assert wire.heard == [{"type": "websocket.disconnect", "code": 1006}]


@pytest.mark.parametrize("what", ["stall", "half_open"])
async def test_a_sandbox_that_stops_cuts_what_it_holds(wire: _Wire, clock: VirtualClock, what: str) -> None:
    socket, running = _start(wire, clock, what)
    await clock.advance(0)
    assert not running.done()
    socket.release()
    if what == "stall":
        await clock.advance(0)
        assert len(wire.errors) == 1
        wire.said.put_nowait({"type": "websocket.disconnect", "code": 1006})
    await asyncio.wait_for(running, 5)
    assert clock.sleepers == 0
