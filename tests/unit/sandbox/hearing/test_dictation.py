import asyncio
from typing import Any

import pytest

from limi.protocol import AudioFormat, RealtimeSession, Transcribe, Transcription, default_config, ids_from_hex
from limi.sandbox.hearing.dictation import Dictation, deltas_of
from limi.sandbox.hearing.utterances import Hearing
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.speech import SpeechError


class _Session(RealtimeSession):
    """Notes the words with the time they came at."""

    def __init__(self, clock: Any, ids: Any) -> None:
        super().__init__(
            config=default_config(model="gpt-realtime"),
            new_id=ids_from_hex(ids.hex),
            now=clock.monotonic(),
            unix_time=clock.now(),
        )
        self.begun = clock.monotonic()
        self.words: list[tuple[float, str]] = []
        self.ends: list[str] = []

    def transcription_delta(self, item_id: str, delta: str, now: float) -> None:
        assert item_id == "item_1"
        self.words.append((round(now - self.begun, 6), delta))

    def transcription_finished(self, item_id: str, transcript: str, now: float) -> None:
        del item_id, now
        self.ends.append(transcript)

    def transcription_failed(self, item_id: str, code: str, message: str, now: float) -> None:
        del item_id, now
        self.ends.append(f"{code}: {message}")


class _Recogniser:
    def __init__(self, text: str | SpeechError) -> None:
        self._text = text

    async def recognise(self, audio: bytes, encoding: str) -> str:
        del audio, encoding
        if isinstance(self._text, SpeechError):
            raise self._text
        return self._text

    async def close(self) -> None:
        return


async def _written(session: _Session, clock: Any, text: str | SpeechError, seconds: float, pace: float) -> int:
    """Write an utterance down; returns how often what was said was sent off."""
    settled = 0

    async def settle() -> None:
        nonlocal settled
        settled += 1

    tasks = OwnedTasks()
    dictation = Dictation(
        session=session,
        hearing=Hearing(recogniser=_Recogniser(text), tasks=tasks),
        settle=settle,
        clock=clock,
        sleep=clock.sleep,
        times_real_time=pace,
    )
    audio = bytes(int(48_000 * seconds))
    await dictation.write(Transcribe("item_1", audio, AudioFormat.PCM16, Transcription()))
    await tasks.cancel_all()
    await asyncio.sleep(0)
    return settled


@pytest.fixture
def session(clock: Any, ids: Any) -> _Session:
    return _Session(clock, ids)


async def test_words_leave_one_by_one_each_at_its_place_in_the_utterance(session: _Session, clock: Any) -> None:
    settled = await _written(session, clock, "Good day you", 0.6, 10.0)
    assert session.words == [(0.0, "Good"), (0.02, " day"), (0.04, " you")]
    assert session.ends == ["Good day you"]
    assert settled == 4


async def test_a_long_utterance_is_written_down_within_a_tenth_of_a_second(session: _Session, clock: Any) -> None:
    await _written(session, clock, " ".join(["word"] * 100), 60.0, 5.0)
    assert len(session.words) == 100
    assert session.words[-1][0] < 0.1
    assert clock.monotonic() - session.begun == pytest.approx(0.1)


async def test_without_pace_nobody_sleeps(session: _Session, clock: Any) -> None:
    await _written(session, clock, "Good day", 60.0, float("inf"))
    assert [delta for _, delta in session.words] == ["Good", " day"]
    assert clock.slept == []


async def test_a_failing_recogniser_fails_the_transcript(session: _Session, clock: Any) -> None:
    assert await _written(session, clock, SpeechError("no ears"), 1.0, 5.0) == 1
    assert (session.words, session.ends) == ([], ["speech_failed: no ears"])


@pytest.mark.parametrize("text", ["Hello", " Hello,  there.\n", "a b c", "Grüße, 世界 "])
def test_the_pieces_are_the_text(text: str) -> None:
    assert "".join(deltas_of(text)) == text


def test_nothing_said_comes_in_no_pieces() -> None:
    assert deltas_of("") == []
    assert deltas_of("  ") == []
