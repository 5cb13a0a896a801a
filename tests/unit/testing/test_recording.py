"""What is recorded of a session, and waiting for it."""

import asyncio
from typing import Any

import pytest

from limi.protocol import IdKind, RealtimeSession, default_config
from limi.sandbox.interference import Departure
from limi.testing.recording import Recording


class _Nothing:
    """Interferes with nothing, and notes what it is told."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def around(self, app: Any) -> Any:
        self.noted.append("around")
        return app

    def release(self) -> None:
        self.noted.append("release")

    def tap(self, _: RealtimeSession) -> "_Nothing":
        return self

    def incoming(self, frame: str) -> None:
        self.noted.append(frame)

    def outgoing(self, event: bytes) -> list[Departure]:
        return [Departure(event), Departure(event)]

    def sent(self, event: bytes) -> None:
        self.noted.append(event.decode())

    def closed(self) -> None:
        self.noted.append("closed")


def _session() -> RealtimeSession:
    def new_id(kind: IdKind) -> str:
        return f"{kind.value}_1"

    return RealtimeSession(config=default_config(model="gpt-realtime"), new_id=new_id, now=0, unix_time=0)


def test_both_directions_are_recorded_as_they_passed_and_handed_on() -> None:
    behind = _Nothing()
    recording = Recording(behind)
    tap = recording.tap(_session())
    tap.incoming('{"type":"response.create"}')
    tap.incoming("no JSON")
    assert len(list(tap.outgoing(b'{"type":"error"}'))) == 2
    tap.sent(b'{"type":"error"}')
    tap.sent(b"[1]")
    (session,) = recording.sessions
    assert (session.model, session.type, session.is_open) == ("gpt-realtime", "realtime", True)
    assert session.id.startswith("sess_")
    assert session.received == [{"type": "response.create"}, {"frame": "no JSON"}]
    assert session.sent == [{"type": "error"}, {"frame": "[1]"}]
    assert session.sent_of("error") == [{"type": "error"}]
    assert session.received_of("error") == []
    tap.closed()
    assert not session.is_open
    recording.around(None)  # type: ignore[arg-type]
    recording.release()
    assert behind.noted == [
        '{"type":"response.create"}',
        "no JSON",
        '{"type":"error"}',
        "[1]",
        "closed",
        "around",
        "release",
    ]


def test_only_the_newest_is_kept() -> None:
    recording = Recording(_Nothing(), limit=2)
    taps = [recording.tap(_session()) for _ in range(3)]
    assert len(recording.sessions) == 2
    for number in range(3):
        taps[2].sent(b'{"n":%d}' % number)
    assert recording.sessions[1].sent == [{"n": 1}, {"n": 2}]


async def test_a_test_waits_until_something_is_so() -> None:
    recording = Recording(_Nothing())
    tap = recording.tap(_session())
    waiting = asyncio.create_task(recording.until(lambda: not recording.sessions[0].is_open))
    await asyncio.sleep(0)
    tap.sent(b"{}")
    await asyncio.sleep(0)
    assert not waiting.done()
    tap.closed()
    await asyncio.wait_for(waiting, 5)
    with pytest.raises(TimeoutError):
        await recording.until(lambda: False, seconds=0)
