"""Moonshine writes down what was said."""

import re

import numpy as np
import pytest

from limi.sandbox.speech.g711 import G711Encoder
from limi.sandbox.speech.moonshine import MoonshineRecogniser
from tests.integration.speech.conftest import Say

pytestmark = pytest.mark.asyncio(loop_scope="module")

_SENTENCES = [
    "I would like to book a table for two people tomorrow evening.",
    "The weather is going to be lovely this weekend, so let us go to the park.",
    "My name is Anna and I live in Berlin.",
]
_SILENCE = bytes(48 * 500)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


async def test_the_examples_recording_is_understood_word_for_word(
    recogniser: MoonshineRecogniser, hello: bytes
) -> None:
    words = _words(await recogniser.recognise(hello, "audio/pcm"))
    assert words == _words("Hello there, could you please tell me what time it is?")


@pytest.mark.parametrize("sentence", _SENTENCES)
async def test_the_natural_voice_is_understood_word_for_word(
    recogniser: MoonshineRecogniser, say: Say, sentence: str
) -> None:
    heard = await recogniser.recognise(_SILENCE + await say(sentence) + _SILENCE, "audio/pcm")
    assert _words(heard) == _words(sentence)


_LEADS_MS = [200, 300, 350, 400, 450, 500]


@pytest.mark.parametrize("lead_ms", _LEADS_MS)
async def test_a_short_turn_after_digital_silence_is_not_taken_for_nothing(
    recogniser: MoonshineRecogniser, hello: bytes, lead_ms: int
) -> None:
    """A muted microphone sends zeros, which no room does; with half a second of them Moonshine wrote nothing."""
    turn = bytes(48 * lead_ms) + hello[: 48 * 1_056]
    assert await recogniser.recognise(turn, "audio/pcm") != ""


@pytest.mark.parametrize(
    "sentence", ["Hello there.", "What time is it?", "My name is Anna.", "Thank you very much."]
)
@pytest.mark.parametrize("lead_ms", [0, 300, 500])
async def test_a_short_sentence_is_understood_however_much_silence_is_before_it(
    recogniser: MoonshineRecogniser, say: Say, sentence: str, lead_ms: int
) -> None:
    heard = await recogniser.recognise(bytes(48 * lead_ms) + await say(sentence), "audio/pcm")
    assert _words(heard) == _words(sentence)


@pytest.mark.parametrize("word", ["Yes", "No", "Stop", "Hello"])
async def test_a_word_alone_is_understood(recogniser: MoonshineRecogniser, say: Say, word: str) -> None:
    heard = await recogniser.recognise(_SILENCE + await say(f"{word}.") + _SILENCE, "audio/pcm")
    assert _words(heard) == [word.lower()]


async def test_speech_between_long_silences_is_understood(recogniser: MoonshineRecogniser, say: Say) -> None:
    pause = bytes(48_000 * 6)
    heard = await recogniser.recognise(pause + await say(_SENTENCES[2]) + pause, "audio/pcm")
    assert _words(heard) == _words(_SENTENCES[2])


@pytest.mark.parametrize("encoding", ["audio/pcmu", "audio/pcma"])
async def test_the_telephones_sound_is_understood(
    recogniser: MoonshineRecogniser, say: Say, encoding: str
) -> None:
    encoder = G711Encoder(encoding)
    audio = encoder.encode(_SILENCE + await say(_SENTENCES[0]) + _SILENCE) + encoder.encode(b"", last=True)
    assert _words(await recogniser.recognise(audio, encoding)) == _words(_SENTENCES[0])


@pytest.mark.parametrize("seconds", [0, 0.01, 0.1, 1, 5, 40])
async def test_silence_is_nothing(recogniser: MoonshineRecogniser, seconds: float) -> None:
    assert await recogniser.recognise(bytes(2 * int(24_000 * seconds)), "audio/pcm") == ""


async def test_noise_is_nothing(recogniser: MoonshineRecogniser) -> None:
    noise = np.random.default_rng(1).normal(0, 300, 24_000 * 3).astype("<i2").tobytes()
    assert await recogniser.recognise(noise, "audio/pcm") == ""


async def test_a_minute_of_speech_is_understood_to_its_end(recogniser: MoonshineRecogniser, say: Say) -> None:
    """It is cut at pauses into pieces that the model can take, and hardly a word gets lost at the cuts."""
    spoken = [await say(sentence) for sentence in _SENTENCES]
    audio = b"".join(spoken * 7)
    assert len(audio) / 48_000 > 60
    words = _words(await recogniser.recognise(audio, "audio/pcm"))
    expected = _words(" ".join(_SENTENCES * 7))
    assert abs(len(words) - len(expected)) <= 3
    assert words[-9:] == expected[-9:]
