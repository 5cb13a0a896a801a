"""A session whose replies are heard on a loudspeaker, and which others observe."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from limi.protocol import RealtimeSession, Transport, default_config
from limi.sandbox.config import SandboxConfig
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.send_queue import Farewell

_FRAME = 960


class _Loudspeaker:
    """Plays nothing and remembers everything."""

    def __init__(self) -> None:
        self.played: list[bytes] = []
        self.done: list[str] = []
        self.cleared: list[str] = []
        self.has_room = asyncio.Event()
        self.has_room.set()

    def play(self, response_id: str, item_id: str, audio: bytes) -> None:
        assert response_id.startswith("resp_")
        assert item_id.startswith("item_")
        self.played.append(audio)

    def complete(self, response_id: str) -> None:
        self.done.append(response_id)

    def clear(self, response_id: str) -> int:
        self.cleared.append(response_id)
        return 40

    async def room(self) -> None:
        await self.has_room.wait()


class _Driven:
    def __init__(self, live: LiveSession, loudspeaker: _Loudspeaker) -> None:
        self.live = live
        self.loudspeaker = loudspeaker
        self.events: list[dict[str, Any]] = []

    async def send(self, event_type: str, **members: Any) -> None:
        await self.live.receive_text(json.dumps({"type": event_type, **members}))

    async def until(self, event_type: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                taken = await self.live.send_queue.take()
                assert isinstance(taken, bytes), taken
                self.events.append(json.loads(taken))
                if self.events[-1]["type"] == event_type:
                    return self.events[-1]

    async def reply(self) -> str:
        await self.send("response.create")
        response_id: str = (await self.until("response.created"))["response"]["id"]
        return response_id

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]


def _session(faculties: Faculties, transport: Transport) -> RealtimeSession:
    return RealtimeSession(
        config=default_config(model="gpt-realtime"),
        new_id=faculties.new_id,
        now=faculties.clock.monotonic(),
        unix_time=faculties.clock.now(),
        transport=transport,
    )


@pytest.fixture
async def driven(faculties: Faculties) -> AsyncIterator[_Driven]:
    loudspeaker = _Loudspeaker()
    live = LiveSession(
        session=_session(faculties, Transport.WEBRTC),
        faculties=faculties,
        config=SandboxConfig(audio_pace=float("inf"), unheard_bytes=10_000),
        loudspeaker=loudspeaker,
    )
    live.start()
    yield _Driven(live, loudspeaker)
    await live.close()


async def test_speech_goes_to_the_loudspeaker_which_learns_when_all_of_it_is_there(driven: _Driven) -> None:
    response_id = await driven.reply()
    await driven.until("response.done")
    assert driven.loudspeaker.played
    assert "response.output_audio.delta" not in driven.types
    await asyncio.sleep(0)
    assert driven.loudspeaker.done == [response_id]


async def test_what_the_loudspeaker_does_is_told(driven: _Driven) -> None:
    response_id = await driven.reply()
    await driven.until("response.done")
    driven.live.playback_started(response_id)
    assert (await driven.until("output_audio_buffer.started"))["response_id"] == response_id
    driven.live.playback_stopped(response_id)
    assert (await driven.until("output_audio_buffer.stopped"))["response_id"] == response_id


async def test_speaking_over_a_reply_silences_it_before_anything_else_happens(driven: _Driven) -> None:
    response_id = await driven.reply()
    await driven.until("response.done")
    driven.live.receive_audio(b"\x01" * _FRAME * 5)
    truncated = await driven.until("conversation.item.truncated")
    assert driven.loudspeaker.cleared == [response_id]
    assert truncated["audio_end_ms"] == 40
    assert driven.types[-3:] == [
        "input_audio_buffer.speech_started",
        "output_audio_buffer.cleared",
        "conversation.item.truncated",
    ]


async def test_a_reply_waits_for_room_in_the_loudspeaker_while_the_client_is_listened_to(driven: _Driven) -> None:
    driven.loudspeaker.has_room.clear()
    await driven.reply()
    await driven.send("input_audio_buffer.clear")
    await driven.until("input_audio_buffer.cleared")
    assert "response.done" not in driven.types
    driven.loudspeaker.has_room.set()
    await driven.until("response.done")


async def test_sound_that_nobody_has_time_to_hear_is_lost_rather_than_kept(
    driven: _Driven, detector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = asyncio.Event()
    heard: list[int] = []

    async def listen(_: str, audio: bytes, __: str) -> list[Any]:
        heard.append(len(audio))
        await busy.wait()
        return []

    monkeypatch.setattr(detector, "listen", listen)
    for _ in range(100):
        driven.live.receive_audio(bytes(_FRAME))
    busy.set()
    for _ in range(100):
        await asyncio.sleep(0)
    assert sum(heard) == 11 * _FRAME


async def test_a_buffer_that_nobody_commits_is_full_once_and_not_with_every_frame(driven: _Driven) -> None:
    audio = {"input": {"turn_detection": None}}
    await driven.send("session.update", session={"type": "realtime", "audio": audio})
    for _ in range(700):
        driven.live.receive_audio(bytes(48_000))
    await driven.send("input_audio_buffer.clear")
    await driven.until("input_audio_buffer.cleared")
    errors = [event["error"]["code"] for event in driven.events if event["type"] == "error"]
    assert errors == ["input_audio_buffer_full"]
    driven.live.receive_audio(bytes(48_000))
    await driven.send("input_audio_buffer.commit")
    await driven.until("input_audio_buffer.committed")


async def test_observers_get_the_same_events_and_the_same_end(driven: _Driven) -> None:
    observer = driven.live.audience.join()
    await driven.send("input_audio_buffer.clear")
    await driven.until("input_audio_buffer.cleared")
    assert json.loads(await _event(observer)) == driven.events[-1]
    driven.live.leave(Farewell(1000, "bye"))
    assert await observer.take() == Farewell(1000, "bye")


async def test_observers_of_a_session_that_just_ends_are_told(driven: _Driven) -> None:
    observer = driven.live.audience.join()
    await driven.live.close()
    assert await observer.take() == Farewell(1000, "The call has ended.")


async def _event(queue: Any) -> bytes:
    event = await queue.take()
    assert isinstance(event, bytes)
    return event


async def test_a_missing_loudspeaker_is_logged_and_breaks_nothing(faculties: Faculties) -> None:
    config = SandboxConfig(audio_pace=float("inf"))
    live = LiveSession(session=_session(faculties, Transport.WEBRTC), faculties=faculties, config=config)
    live.start()
    driven = _Driven(live, _Loudspeaker())
    with capture_logs() as logs:
        await driven.reply()
        await driven.until("response.done")
    await live.close()
    assert {entry["event"] for entry in logs} == {"sandbox.loudspeaker.missing"}
