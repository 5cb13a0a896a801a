import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from limi.protocol import ConfigureVAD, Eagerness, FeedVAD, SemanticVAD, ServerVAD, TurnDetection
from limi.protocol.audio_formats import AudioFormat
from limi.sandbox.listening import Listener
from limi.sandbox.speech import SpeechError
from limi.sandbox.speech.turns import SpeechStarted, SpeechStopped

_SILENCES = {Eagerness.LOW: 640, Eagerness.MEDIUM: 320, Eagerness.AUTO: 320, Eagerness.HIGH: 64}


class _Ear:
    """A listener with what it reported."""

    def __init__(self, detector: Any) -> None:
        self.turns: list[SpeechStarted | SpeechStopped] = []
        self.errors: list[SpeechError] = []
        self.listener = Listener(
            name="sess_1",
            detector=detector,
            semantic_silence_ms=_SILENCES,
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
    await asyncio.sleep(0)
    assert not waiting.done()
    async with _listening(ear):
        await asyncio.wait_for(waiting, 1)
