import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from limi.protocol import ConfigureVAD, Eagerness, FeedVAD, SemanticVAD, ServerVAD, TurnDetection
from limi.protocol.audio_formats import AudioFormat
from limi.sandbox.hearing.listening import Listener
from limi.sandbox.hearing.turn_ends import TurnEnds
from limi.sandbox.speech import SpeechError
from limi.sandbox.speech.turns import SpeechStarted, SpeechStopped

_SILENCES = {Eagerness.LOW: 640, Eagerness.MEDIUM: 320, Eagerness.AUTO: 320, Eagerness.HIGH: 64}

_LONGEST = {Eagerness.LOW: 1_280, Eagerness.MEDIUM: 640, Eagerness.AUTO: 640, Eagerness.HIGH: 320}


class _Ear:
    """A listener with what it reported."""

    def __init__(self, detector: Any, judge: Any = None) -> None:
        self.turns: list[SpeechStarted | SpeechStopped] = []
        self.errors: list[SpeechError] = []
        self.listener = Listener(
            name="sess_1",
            detector=detector,
            ends=TurnEnds(silence_ms=_SILENCES, judge=judge, pause_ms=64, longest_ms=_LONGEST, opening_ms=0),
            limit_bytes=10_000,
            on_turn=self.turns.append,
            on_deafness=self.errors.append,
        )

    def configure(self, settings: TurnDetection | None, *, in_speech: bool = False) -> None:
        self.listener.take(ConfigureVAD(settings, AudioFormat.PCM16, in_speech))

    def hear(self, audio: bytes, *, at_ms: int = 0) -> None:
        self.listener.take(FeedVAD(audio, at_ms))


def _speech(milliseconds: int) -> bytes:
    return b"\x01" * (48 * milliseconds)


def _silence(milliseconds: int) -> bytes:
    return bytes(48 * milliseconds)


@asynccontextmanager
async def _listening(ear: _Ear) -> AsyncIterator[None]:
    task = asyncio.create_task(ear.listener.run())
    yield
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_turn_is_reported_in_milliseconds_of_the_sessions_audio(detector: Any) -> None:
    ear = _Ear(detector)
    async with _listening(ear):
        ear.configure(ServerVAD(silence_duration_ms=192))
        ear.hear(_silence(320) + _speech(640) + _silence(320), at_ms=5_000)
    assert ear.turns == [SpeechStarted(5_320), SpeechStopped(6_152)]


@pytest.mark.parametrize("eagerness", list(Eagerness))
async def test_semantic_detection_waits_as_its_eagerness_says(detector: Any, eagerness: Eagerness) -> None:
    ear = _Ear(detector)
    async with _listening(ear):
        ear.configure(SemanticVAD(eagerness=eagerness))
        ear.hear(_speech(320) + _silence(960))
    assert ear.turns == [SpeechStarted(0), SpeechStopped(320 + _SILENCES[eagerness])]


class _Judge:
    """Finds every turn as finished as it is told to."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.heard: list[bytes] = []

    async def finished(self, audio: bytes, encoding: str) -> float:
        assert encoding == "audio/pcm"
        self.heard.append(audio)
        return self.probability

    async def close(self) -> None:
        return


@pytest.mark.parametrize(("probability", "silence_ms"), [(0.9, 64), (0.25, 352), (0.0, 640)])
async def test_a_judged_turn_ends_the_later_the_less_finished_it_sounds(
    detector: Any, probability: float, silence_ms: int
) -> None:
    ear = _Ear(detector, _Judge(probability))
    async with _listening(ear):
        ear.configure(SemanticVAD(eagerness=Eagerness.AUTO))
        for _ in range(10):
            ear.hear(_speech(32))
        for _ in range(30):
            ear.hear(_silence(32))
    assert ear.turns == [SpeechStarted(0), SpeechStopped(320 + silence_ms)]


async def test_a_turn_is_judged_by_its_own_sound_with_a_little_before_it_and_the_pause(detector: Any) -> None:
    judge = _Judge(0.9)
    ear = _Ear(detector, judge)
    async with _listening(ear):
        ear.configure(SemanticVAD())
        ear.hear(_speech(96) + _silence(640) + _speech(320) + _silence(128))
    assert judge.heard == [_speech(96) + _silence(64), _silence(300) + _speech(320) + _silence(64)]


async def test_of_a_long_turn_the_last_eight_seconds_are_judged(detector: Any) -> None:
    judge = _Judge(0.9)
    ear = _Ear(detector, judge)
    async with _listening(ear):
        ear.configure(SemanticVAD())
        for _ in range(40):
            ear.hear(_speech(320))
        ear.hear(_silence(64))
    assert [len(audio) for audio in judge.heard] == [8_000 * 48]


async def test_server_detection_asks_no_judge(detector: Any) -> None:
    judge = _Judge(0.9)
    ear = _Ear(detector, judge)
    async with _listening(ear):
        ear.configure(ServerVAD(silence_duration_ms=192))
        ear.hear(_speech(320) + _silence(320))
    assert ear.turns == [SpeechStarted(0), SpeechStopped(512)]
    assert judge.heard == []


async def test_nothing_is_heard_while_detection_is_off(detector: Any) -> None:
    ear = _Ear(detector)
    async with _listening(ear):
        ear.configure(None)
        ear.hear(_speech(640))
    assert ear.turns == []
    assert detector.streams == {}


async def test_new_settings_begin_a_new_stream_and_forget_the_old_one(detector: Any) -> None:
    ear = _Ear(detector)
    async with _listening(ear):
        ear.configure(ServerVAD())
        ear.hear(_speech(64))
        ear.configure(ServerVAD())
        ear.hear(_speech(64))
    assert list(detector.streams) == ["sess_1/1", "sess_1/2"]
    assert detector.forgotten == ["sess_1/1", "sess_1/2"]


async def test_a_turn_that_was_open_is_still_owed_its_end(detector: Any) -> None:
    ear = _Ear(detector)
    async with _listening(ear):
        ear.configure(ServerVAD(silence_duration_ms=192), in_speech=True)
        ear.hear(_silence(320), at_ms=1_000)
    assert ear.turns == [SpeechStopped(1_192)]


async def test_a_failing_detector_is_reported_once_for_all_audio_that_follows(detector: Any) -> None:
    detector.error = SpeechError("broken")
    ear = _Ear(detector)
    async with _listening(ear):
        ear.configure(ServerVAD())
        ear.hear(_speech(64))
        ear.hear(_speech(64))
    assert [str(error) for error in ear.errors] == ["broken"]


async def test_who_sends_faster_than_is_heard_has_to_wait(detector: Any) -> None:
    ear = _Ear(detector)
    ear.configure(ServerVAD())
    ear.hear(_silence(320))
    waiting = asyncio.create_task(ear.listener.room())
    assert not ear.listener.has_room
    await asyncio.sleep(0)
    assert not waiting.done()
    async with _listening(ear):
        await asyncio.wait_for(waiting, 1)
