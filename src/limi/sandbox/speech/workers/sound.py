"""What the listening workers do with sound before they understand it: decode, resample, find where it is quiet."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from limi.sandbox.speech.g711 import decoding_table

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = ["RATE", "Resampler", "cut_at_pauses", "in_a_room", "without_silence"]

RATE: Final = 16_000
"""Samples a second that both models take."""
_RATES: Final = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}
_FULL_SCALE: Final = 32_768
_FRAME: Final = RATE // 50
"""20 ms, the stretch whose loudness is looked at."""
_FLOOR: Final = 0.001
"""60 dB below full scale: nothing that quiet is speech."""
_BELOW_PEAK: Final = 0.03
"""Speech is within 30 dB of the loudest frame."""
_ABOVE_NOISE: Final = 2.5
"""Speech is 8 dB above the quietest tenth of the frames, which are pauses."""
_BEFORE_FRAMES: Final = 10
"""A fifth of a second is left before the first sound. With half a second Moonshine heard nothing in one of seven
short sentences that began with digital silence."""
_AFTER_FRAMES: Final = 25
"""Half a second is left after the last one where there is as much; with less it made commas of full stops."""
_LITTLE_FRAMES: Final = 10
"""What is left after the last one when that was to no avail."""
_ROOM_NOISE: Final = 0.001
"""How loud the noise is that a room is given, 60 dB below full scale, which nobody hears."""
_SEED: Final = 1
"""Always the same noise, so that the same sound is always understood alike."""
_PAUSE_FRAMES: Final = 10
"""A cut is made in the middle of the quietest fifth of a second."""


class Resampler:
    """Turns one stream's sound into 16 kHz samples between -1 and 1."""

    def __init__(self, encoding: str) -> None:
        """Begin a stream.

        Args:
            encoding: `audio/pcm` (16 bit, 24 kHz), `audio/pcmu` or `audio/pcma` (8 kHz).

        Raises:
            ImportError: When numpy or soxr is missing.
        """
        import numpy as np  # noqa: PLC0415 - optional dependencies, wanted in the workers only
        import soxr  # noqa: PLC0415

        self._np = np
        self._encoding = encoding
        self._stream: Any = soxr.ResampleStream(_RATES[encoding], RATE, 1, dtype="float32", quality="HQ")

    def take(self, audio: bytes, *, last: bool) -> "Samples":
        """Return what `audio` completes; `last` also yields what was held back."""
        resampled: Samples = self._stream.resample_chunk(self._decoded(audio), last=last)
        return resampled

    def _decoded(self, audio: bytes) -> "Samples":
        np = self._np
        if self._encoding == "audio/pcm":
            samples = np.frombuffer(audio, dtype="<i2")
        else:
            codes = np.frombuffer(audio, dtype="uint8")
            samples = np.asarray(decoding_table(self._encoding), dtype="int16")[codes]
        decoded: Samples = samples.astype(np.float32) / np.float32(_FULL_SCALE)
        return decoded


def without_silence(samples: "Samples", *, tightly: bool = False) -> "Samples":
    """Return `samples` from shortly before the first sound to shortly after the last; nothing if all is quiet.

    Args:
        samples: At 16 kHz.
        tightly: Whether to leave a fifth of a second after the last sound instead of half a second.
    """
    after = _LITTLE_FRAMES if tightly else _AFTER_FRAMES
    loud = _loud_frames(samples)
    if not len(loud):
        return samples[:0]
    first, last = int(loud[0]) - _BEFORE_FRAMES, int(loud[-1]) + 1 + after
    return samples[max(0, first) * _FRAME : last * _FRAME]


def in_a_room(samples: "Samples") -> "Samples":
    """Return `samples` with the noise of a quiet room.

    A muted microphone and a synthetic voice have silence of zeros. Moonshine has learnt from recordings, which
    have none, and writes nothing or repeats itself where it meets them.
    """
    import numpy as np  # noqa: PLC0415

    noise = np.random.default_rng(_SEED).standard_normal(len(samples), np.float32)
    heard: Samples = samples + np.float32(_ROOM_NOISE) * noise
    return heard


def cut_at_pauses(samples: "Samples", *, shortest: int, longest: int) -> Iterator["Samples"]:
    """Yield `samples` in pieces up to `longest`, all but the last cut where it is quietest past `shortest`."""
    while len(samples) > longest:
        cut = shortest + _quietest(samples[shortest:longest])
        yield samples[:cut]
        samples = samples[cut:]
    yield samples


def _loud_frames(samples: "Samples") -> Any:  # noqa: ANN401 - indices, typed by a library that is imported elsewhere
    import numpy as np  # noqa: PLC0415

    loudness = _loudness(samples)
    if not len(loudness):
        return loudness
    noise = float(np.percentile(loudness, 10))
    # Noise may not raise the bar above half the peak, or speech without pauses would be taken for noise.
    bar = max(_FLOOR, _BELOW_PEAK * float(loudness.max()), min(_ABOVE_NOISE * noise, float(loudness.max()) / 2))
    return np.flatnonzero(loudness > bar)


def _quietest(samples: "Samples") -> int:
    import numpy as np  # noqa: PLC0415

    smooth = np.convolve(_loudness(samples), np.ones(_PAUSE_FRAMES), mode="valid")
    return (int(np.argmin(smooth)) + _PAUSE_FRAMES // 2) * _FRAME


def _loudness(samples: "Samples") -> Any:  # noqa: ANN401 - as `_loud_frames`
    import numpy as np  # noqa: PLC0415

    # Half a frame at the end counts as one, or the last 19 ms of a word could be lost.
    frames = np.pad(samples, (0, -len(samples) % _FRAME)).reshape(-1, _FRAME)
    return np.sqrt(np.mean(frames * frames, axis=1))
