import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from limi.protocol import RealtimeSession, default_config, ids_from_hex
from limi.sandbox.config import SandboxConfig
from limi.sandbox.interference import Application, Departure, Expiry, Tap
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.sessions.outgoing import Outgoing
from limi.sandbox.sessions.send_queue import Farewell


class _Tap:
    """Sends what it was told to in the place of every event, and writes down what it sees."""

    def __init__(self, *departures: Departure) -> None:
        self.departures = departures
        self.seen: list[str | bytes] = []

    def incoming(self, frame: str) -> None:
        self.seen.append(frame)

    def outgoing(self, event: bytes) -> Iterable[Departure]:  # noqa: ARG002 - the port's
        return self.departures

    def sent(self, event: bytes) -> None:
        self.seen.append(event)

    def closed(self) -> None:
        self.seen.append("closed")


class _Interference:
    def __init__(self, tap: _Tap) -> None:
        self._tap = tap

    def around(self, app: Application) -> Application:
        return app

    def tap(self, session: RealtimeSession) -> Tap:  # noqa: ARG002 - the port's
        return self._tap

    def release(self) -> None:
        return


@pytest.fixture
def session(clock: Any, ids: Any) -> RealtimeSession:
    return RealtimeSession(
        config=default_config(model="gpt-realtime"),
        new_id=ids_from_hex(ids.hex),
        now=clock.monotonic(),
        unix_time=clock.now(),
    )


def _outgoing(
    session: RealtimeSession, clock: Any, tap: _Tap | None = None, expired: asyncio.Event | None = None
) -> Outgoing:
    return Outgoing(
        session=session,
        config=SandboxConfig(),
        interference=None if tap is None else _Interference(tap),
        tasks=OwnedTasks(),
        sleep=clock.sleep,
        expire=(expired or asyncio.Event()).set,
    )


async def test_every_event_goes_to_the_client_and_to_those_who_observe(
    session: RealtimeSession, clock: Any
) -> None:
    outgoing = _outgoing(session, clock)
    observer = outgoing.audience.join()
    outgoing.heard("nobody listens")
    outgoing.send(b"one")
    outgoing.close(Farewell(1000, "bye"))
    outgoing.send(b"too late")
    for queue in (outgoing.queue, observer):
        assert [await queue.take(), await queue.take()] == [b"one", Farewell(1000, "bye")]


async def test_who_interferes_decides_what_leaves_and_sees_it(session: RealtimeSession, clock: Any) -> None:
    tap, expired = _Tap(Departure(b"now"), Departure(b"later", 2.0), Departure(Expiry(), 5.0)), asyncio.Event()
    outgoing = _outgoing(session, clock, tap, expired)
    outgoing.heard("a frame")
    outgoing.send(b"one")
    assert tap.seen == ["a frame", b"now"]
    async with asyncio.timeout(5):
        assert [await outgoing.queue.take(), await outgoing.queue.take()] == [b"now", b"later"]
        await expired.wait()
    outgoing.closed()
    assert tap.seen == ["a frame", b"now", b"later", "closed"]
    assert clock.slept == [2.0, 5.0]


async def test_those_who_observe_are_told_when_the_client_has_gone(session: RealtimeSession, clock: Any) -> None:
    outgoing = _outgoing(session, clock)
    observer = outgoing.audience.join()
    outgoing.end(Farewell(1000, "The call has ended."))
    assert await observer.take() == Farewell(1000, "The call has ended.")
    outgoing.send(b"still open")
    assert await outgoing.queue.take() == b"still open"
