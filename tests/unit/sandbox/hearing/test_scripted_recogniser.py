import wave
from pathlib import Path

import pytest

from limi.sandbox.hearing.scripted_recogniser import ScriptedRecogniser
from limi.sandbox.scripts.model import Hears
from limi.sandbox.speech import PerSession, SpeechError

_SECOND = 48_000


class _Other:
    """The recogniser behind a script."""

    closed = False

    async def recognise(self, audio: bytes, encoding: str) -> str:  # noqa: ARG002 - the port's
        return "(something else)"

    async def close(self) -> None:
        self.closed = True


async def _no_sleep(seconds: float) -> None:
    assert seconds == 0


def _recogniser(*hears: Hears) -> ScriptedRecogniser:
    return ScriptedRecogniser(hears=hears, otherwise=_Other(), sleep=_no_sleep)


async def _heard(recogniser: ScriptedRecogniser, *seconds: float) -> list[str]:
    session = recogniser.for_session()
    return [await session.recognise(bytes(int(s * _SECOND)), "audio/pcm") for s in seconds]


async def test_utterances_are_counted_in_each_session() -> None:
    recogniser = _recogniser(Hears(text="one", utterance=1), Hears(text="two", utterance=2))
    for _ in range(2):
        assert await _heard(recogniser, 1, 1, 1) == ["one", "two", "(something else)"]


async def test_without_sessions_all_utterances_count_as_one_row() -> None:
    recogniser = _recogniser(Hears(text="two", utterance=2))
    assert [await recogniser.recognise(b"", "audio/pcm") for _ in range(3)][1] == "two"


async def test_the_length_decides() -> None:
    recogniser = _recogniser(
        Hears(text="short", shorter_than_seconds=1),
        Hears(text="middle", longer_than_seconds=1, shorter_than_seconds=3),
        Hears(text="any"),
    )
    assert await _heard(recogniser, 0.5, 2, 3, 1) == ["short", "middle", "any", "any"]


async def test_every_condition_must_hold() -> None:
    recogniser = _recogniser(Hears(text="yes", utterance=2, longer_than_seconds=1))
    assert await _heard(recogniser, 2, 0.5) == ["(something else)"] * 2
    assert await _heard(recogniser, 0.5, 2) == ["(something else)", "yes"]


async def test_a_recogniser_may_take_its_time() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    recogniser = ScriptedRecogniser(hears=[Hears(text="a", after_seconds=2)], otherwise=_Other(), sleep=sleep)
    assert await recogniser.recognise(b"", "audio/pcmu") == "a"
    assert slept == [2]


def _rising(steps: int) -> bytes:
    """Return sound of 8 kHz that grows and falls over and over."""
    return b"".join(
        ((1_000 * (step % 13 + 1)) * sign).to_bytes(2, "little", signed=True)
        for step in range(steps)
        for _ in range(80)
        for sign in (1, -1)
    )


async def test_a_recording_is_known_again_in_another_format(tmp_path: Path) -> None:
    path = tmp_path / "rising.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", "not compressed"))
        file.writeframes(_rising(100))
    recogniser = _recogniser(Hears(text="rising", sounds_like=path))
    samples = _rising(100)
    at_24_khz = bytes(9_600) + b"".join(samples[i : i + 2] * 3 for i in range(0, len(samples), 2))
    assert await recogniser.recognise(at_24_khz, "audio/pcm") == "rising"
    assert await recogniser.recognise(_rising(30) * 4, "audio/pcm") == "(something else)"


def test_a_recording_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="is no WAV file"):
        _recogniser(Hears(text="a", sounds_like=tmp_path / "none.wav"))


async def test_it_closes_the_recogniser_behind_it_and_a_sessions_ears_close_nothing() -> None:
    other = _Other()
    recogniser = ScriptedRecogniser(hears=[], otherwise=other, sleep=_no_sleep)
    assert isinstance(recogniser, PerSession)
    await recogniser.for_session().close()
    assert not other.closed
    await recogniser.close()
    assert other.closed
