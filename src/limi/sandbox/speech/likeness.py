"""Whether two recordings are of the same utterance, by how their loudness rises and falls.

It survives what happens on the way from a test's file to the sandbox — another format, Opus, another volume,
silence cut off or added — and needs neither numpy nor a model. It tells recordings apart, not words: the same
sentence by another speaker is another recording.
"""

import array
import math
import sys
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from limi.sandbox.speech.g711 import decoding_table
from limi.sandbox.speech.ports import SpeechError

__all__ = ["contour", "contour_of_file", "is_alike"]

_RATES: Final = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}
_STEP_SECONDS: Final = 0.02
_SPEECH_SHARE: Final = 0.05
"""What is quieter than this share of the loudest step counts as silence at the ends."""
_FLOOR_SHARE: Final = 0.01
"""What is quieter still counts as equally quiet: comfort noise and codecs differ there."""
_SHIFT_STEPS: Final = 25
"""Half a second: a quiet first syllable may be lost with the silence before it."""
_SHORTEST_SHARE: Final = 0.75
"""Two recordings whose lengths differ by more are not the same one."""
_ALIKE: Final = 0.85
"""The correlation from which two contours count as one. Twelve utterances by Pico correlated with one another by
at most 0.61; with themselves, after Opus at 24 kbit/s, G.711, noise or a shift, by at least 0.95. One word of a
third of a second lost its first sound in G.711 and was too short then to be compared."""


def contour(audio: bytes, encoding: str) -> Sequence[float]:
    """Return the loudness of `audio` in steps of 20 ms, on a logarithmic scale, without silence at its ends.

    Args:
        audio: Whole samples.
        encoding: As in `VoiceActivityDetector.listen`.
    """
    if encoding == "audio/pcm":
        samples = _from_pcm16(audio)
    else:
        table = decoding_table(encoding)
        samples = array.array("h", (table[code] for code in audio))
    return _contour(samples, _RATES[encoding])


def contour_of_file(path: Path) -> Sequence[float]:
    """Return the contour of a WAV file of 16 bits, at any rate; of several channels the first.

    Raises:
        SpeechError: When the file cannot be read as such.
    """
    try:
        with wave.open(str(path)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise SpeechError(f"{path} is no WAV file that can be read: {error}") from error
    if width != array.array("h").itemsize:
        raise SpeechError(f"{path} has samples of {8 * width} bits; 16 are needed")
    return _contour(_from_pcm16(frames)[::channels], rate)


def is_alike(one: Sequence[float], other: Sequence[float]) -> bool:
    """Return whether two contours are those of the same utterance."""
    shorter, longer = sorted((one, other), key=len)
    if not shorter or len(shorter) < _SHORTEST_SHARE * len(longer):
        return False
    # The less of two utterances is compared, the more of them are alike by chance.
    most = min(_SHIFT_STEPS, len(shorter) // 5)
    shifts = range(-most, len(longer) - len(shorter) + most + 1)
    return max(_correlation(*_overlap(shorter, longer, shift)) for shift in shifts) >= _ALIKE


def _from_pcm16(audio: bytes) -> "array.array[int]":
    samples = array.array("h", audio[: len(audio) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _contour(samples: "array.array[int]", rate: int) -> Sequence[float]:
    loudness = list(_loudness(samples, round(rate * _STEP_SECONDS)))
    loudest = max(loudness, default=0.0)
    spoken = [step for step, value in enumerate(loudness) if value > loudest * _SPEECH_SHARE]
    if not spoken:
        return []
    floor = loudest * _FLOOR_SHARE
    return [math.log(max(value, floor) / loudest) for value in loudness[spoken[0] : spoken[-1] + 1]]


def _loudness(samples: "array.array[int]", size: int) -> Iterator[float]:
    for start in range(0, len(samples) - size + 1, size):
        yield sum(map(abs, samples[start : start + size])) / size


def _overlap(
    shorter: Sequence[float], longer: Sequence[float], shift: int
) -> tuple[Sequence[float], Sequence[float]]:
    begin, end = max(0, shift), min(len(longer), shift + len(shorter))
    return shorter[begin - shift : end - shift], longer[begin:end]


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Pearson's coefficient, 0 where either does not change."""
    size = len(one)
    mean_one, mean_other = sum(one) / size, sum(other) / size
    both = sum((a - mean_one) * (b - mean_other) for a, b in zip(one, other, strict=True))
    spread = math.sqrt(sum((a - mean_one) ** 2 for a in one) * sum((b - mean_other) ** 2 for b in other))
    return both / spread if spread else 0.0
