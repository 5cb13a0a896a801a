import array
import math
import random
import wave
from pathlib import Path

import pytest

from limi.sandbox.speech import SpeechError
from limi.sandbox.speech.g711 import encoding_table
from limi.sandbox.speech.likeness import contour, contour_of_file, is_alike

_RATE = 24_000


def _utterance(seed: int, *, seconds: float = 2.5, rate: int = _RATE) -> "array.array[int]":
    """Return noise whose loudness wanders as that of speech does, another way for each seed."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    samples = array.array("h")
    for _ in range(int(seconds / 0.1)):
        loudness = chance.choice([500, 2_000, 6_000, 15_000])
        samples.extend(int(loudness * math.sin(n * 0.3)) for n in range(rate // 10))
    return samples


def _pcm(samples: "array.array[int]") -> bytes:
    return samples.tobytes()


def _mu_law(samples: "array.array[int]") -> bytes:
    table = encoding_table("audio/pcmu")
    return bytes(table[sample + 32_768] for sample in samples[::3])


def test_an_utterance_is_like_itself_however_it_arrives() -> None:
    samples = _utterance(1)
    known = contour(_pcm(samples), "audio/pcm")
    softer = array.array("h", (sample // 3 for sample in samples))
    for heard in (
        contour(_pcm(softer), "audio/pcm"),
        contour(bytes(2 * 7_331) + _pcm(samples) + bytes(_RATE), "audio/pcm"),
        contour(_mu_law(samples), "audio/pcmu"),
        contour(_pcm(samples[_RATE // 5 :]), "audio/pcm"),
    ):
        assert is_alike(heard, known)


def test_utterances_of_the_same_length_are_told_apart() -> None:
    contours = [contour(_pcm(_utterance(seed)), "audio/pcm") for seed in range(12)]
    pairs = [(a, b) for a in range(12) for b in range(a)]
    assert [pair for pair in pairs if is_alike(contours[pair[0]], contours[pair[1]])] == []


def test_utterances_of_very_different_lengths_are_never_alike() -> None:
    long = _pcm(_utterance(1, seconds=3))
    assert not is_alike(contour(long, "audio/pcm"), contour(long[: len(long) // 2], "audio/pcm"))


@pytest.mark.parametrize("silence", [b"", bytes(_RATE), bytes(3)])
def test_silence_is_like_nothing(silence: bytes) -> None:
    quiet = contour(silence, "audio/pcm")
    assert list(quiet) == []
    assert not is_alike(quiet, quiet)


def test_a_steady_tone_says_too_little_to_be_known_again() -> None:
    tone = contour(b"\x00\x40" * _RATE, "audio/pcm")
    assert not is_alike(tone, tone)


def _file(path: Path, *, channels: int = 1, width: int = 2, rate: int = _RATE, frames: bytes = b"") -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        file.writeframes(frames)
    return path


def test_a_file_may_have_any_rate_and_of_two_channels_the_first_counts(tmp_path: Path) -> None:
    mono = _utterance(1, rate=48_000)
    stereo = array.array("h", (value for sample in mono for value in (sample, 30_000)))
    path = _file(tmp_path / "a.wav", channels=2, rate=48_000, frames=stereo.tobytes())
    assert is_alike(contour_of_file(path), contour(_pcm(_utterance(1)), "audio/pcm"))


def test_a_file_of_other_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="has samples of 8 bits; 16 are needed"):
        contour_of_file(_file(tmp_path / "a.wav", width=1, frames=bytes(10)))
    with pytest.raises(SpeechError, match="is no WAV file that can be read"):
        contour_of_file(tmp_path / "none.wav")
