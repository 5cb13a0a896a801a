"""WebSocket sessions come and go in every manner and leave nothing: no task, thread, socket, object or memory."""

import asyncio
import base64
import gc
import json
import os
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from limi.kernel.ids import RandomIds
from limi.protocol import RealtimeSession
from limi.sandbox.app import Sandbox, create_sandbox
from limi.sandbox.config import SandboxConfig
from limi.sandbox.faults.injection import FaultInjection
from limi.sandbox.faults.rules import FaultRules
from limi.sandbox.sessions.live_session import LiveSession
from limi.testing import VirtualClock, serving
from tests.integration.sandbox.caller import LoudnessDetector, ToneVoice, tone

_SESSIONS = 500 if os.environ.get("LIMI_SOAK") else 100
_AT_ONCE = 10
_MOST_GROWTH_BYTES = 128 * 1024
"""Caches of the interpreter and of libraries still fill; five sessions that stayed would be past it."""
_KEY = {"Authorization": "Bearer sk-test"}


@dataclass
class _Served:
    sandbox: Sandbox
    clock: VirtualClock
    url: str


@asynccontextmanager
async def _served() -> AsyncIterator[_Served]:
    clock = VirtualClock()
    injection = FaultInjection(rules=FaultRules(), sleep=clock.sleep)
    sandbox = create_sandbox(
        # Time flies here, and no session is to reach its limit by that.
        SandboxConfig(audio_lead_seconds=0.1, session_seconds=1e9),
        clock=clock,
        ids=RandomIds(),
        sleep=clock.sleep,
        voice=ToneVoice(),
        detector=LoudnessDetector(),
        interference=injection,
    )
    async with serving(sandbox) as url:
        yield _Served(sandbox, clock, f"ws{url.removeprefix('http')}/v1/realtime?model=gpt-realtime")


@asynccontextmanager
async def _connection(served: _Served, fault: str | None = None) -> AsyncIterator[ClientConnection]:
    headers = _KEY if fault is None else {**_KEY, "X-Limi-Fault": fault}
    async with websockets.connect(served.url, additional_headers=headers, close_timeout=1) as connection:
        yield connection


async def _send(connection: ClientConnection, event_type: str, **members: Any) -> None:
    await connection.send(json.dumps({"type": event_type, **members}))


async def _until(connection: ClientConnection, event_type: str) -> None:
    async with asyncio.timeout(10):
        while json.loads(await connection.recv())["type"] != event_type:
            pass


async def _text_turn(served: _Served) -> None:
    async with _connection(served) as connection:
        await _send(connection, "session.update", session={"type": "realtime", "output_modalities": ["text"]})
        await _send(connection, "response.create")
        await _until(connection, "response.done")


async def _heard_and_gone(served: _Served) -> None:
    async with _connection(served) as connection:
        audio = base64.b64encode(tone(0.5)).decode()
        await _send(connection, "input_audio_buffer.append", audio=audio)
        await _until(connection, "input_audio_buffer.speech_started")
        connection.transport.abort()


async def _gone_in_the_middle_of_a_reply(served: _Served) -> None:
    async with _connection(served) as connection:
        await _send(connection, "response.create")
        await _until(connection, "response.output_audio.delta")
        connection.transport.abort()


async def _cancelled(served: _Served) -> None:
    async with _connection(served) as connection:
        await _send(connection, "response.create")
        await _until(connection, "response.output_audio.delta")
        await _send(connection, "response.cancel")
        await _until(connection, "response.done")


async def _much_audio(served: _Served) -> None:
    async with _connection(served) as connection:
        manual = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
        await _send(connection, "session.update", session=manual)
        await _send(connection, "input_audio_buffer.append", audio=base64.b64encode(bytes(2**20)).decode())
        await _send(connection, "input_audio_buffer.commit")
        await _until(connection, "input_audio_buffer.committed")


async def _dropped(served: _Served) -> None:
    async with _connection(served, "drop; after_events=1") as connection:
        with suppress(websockets.ConnectionClosed):
            await _send(connection, "response.create")
            await _until(connection, "response.done")


async def _stalled(served: _Served) -> None:
    async with _connection(served, "stall; after_events=1") as connection:
        await _until(connection, "session.created")
        await _send(connection, "response.create")
        connection.transport.abort()


async def _half_open(served: _Served) -> None:
    async with _connection(served, "half_open; after_events=1; seconds=60") as connection:
        await _until(connection, "session.created")
        await _send(connection, "response.create")
        connection.transport.abort()


async def _expired(served: _Served) -> None:
    async with _connection(served, "expire; after_seconds=30") as connection:
        await _until(connection, "session.created")
        with suppress(websockets.ConnectionClosed):
            await _until(connection, "never")


async def _late_and_double(served: _Served) -> None:
    async with _connection(served, "late; event=session.updated; ms=5000, duplicate; event=error") as connection:
        await _send(connection, "session.update", session={"type": "realtime"})
        await _send(connection, "nonsense")
        await _until(connection, "error")


async def _refused(served: _Served) -> None:
    for fault in ("refuse; status=429", "expired_key"):
        with suppress(websockets.InvalidStatus, websockets.ConnectionClosed):
            async with _connection(served, fault) as connection:
                await _until(connection, "never")


_MANNERS: list[Callable[[_Served], Awaitable[None]]] = [
    _text_turn,
    _heard_and_gone,
    _gone_in_the_middle_of_a_reply,
    _cancelled,
    _much_audio,
    _dropped,
    _stalled,
    _half_open,
    _expired,
    _late_and_double,
    _refused,
]


async def _hold(served: _Served, sessions: int) -> None:
    """Hold so many sessions, some at once, then let an hour pass and wait until all are over."""
    for begin in range(0, sessions, _AT_ONCE):
        manners = [_MANNERS[number % len(_MANNERS)] for number in range(begin, min(begin + _AT_ONCE, sessions))]
        running = asyncio.gather(*(manner(served) for manner in manners))
        async with asyncio.timeout(30):
            while not running.done() or served.sandbox.open_sessions:
                await asyncio.sleep(0.01)
                await served.clock.advance(20)
        await running


@dataclass(frozen=True)
class _Holdings:
    tasks: int
    threads: int
    files: int
    sessions: int
    sleepers: int


async def _holdings(served: _Served) -> _Holdings:
    # The server closes connections a moment after their sessions.
    await asyncio.sleep(0.1)
    gc.collect()
    alive = _sessions_alive()
    return _Holdings(len(asyncio.all_tasks()), threading.active_count(), _files(), alive, served.clock.sleepers)


def _sessions_alive() -> int:
    # By type and not by `isinstance`, whose caches would grow with every class that it is asked about.
    return sum(type(thing) in {LiveSession, RealtimeSession} for thing in gc.get_objects())


def _files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_after_many_sessions_everything_is_as_it_was(tell: Callable[[str], None]) -> None:
    gc.collect()
    # Sessions that tests before this one made may be held by their runner still.
    of_others = _sessions_alive()
    async with _served() as served:
        # What is made once and stays, such as the workers that decode names, is made by these.
        await _hold(served, 3 * len(_MANNERS))
        before = await _holdings(served)
        assert (before.sessions, before.sleepers) == (of_others, 0)
        tracemalloc.start()
        try:
            await _hold(served, _SESSIONS // 2)
            await _holdings(served)
            half, _ = tracemalloc.get_traced_memory()
            await _hold(served, _SESSIONS - _SESSIONS // 2)
            after = await _holdings(served)
            grown = tracemalloc.get_traced_memory()[0] - half
        finally:
            tracemalloc.stop()
        tell(f"{_SESSIONS} sessions: {grown} bytes more than after half of them; {after}")
        assert after == before
        assert grown < _MOST_GROWTH_BYTES
