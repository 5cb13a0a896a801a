"""The child process that speaks: SVOX Pico through py-nanotts, resampled from 16 to 24 kHz.

Pico computes 200 times faster than it speaks, but it holds the interpreter's lock and never returns from a word of
more than 128 characters; `speech/sentences.py` sees to the words, `framing.py` and the parent to all else.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from limi.sandbox.speech.workers.framing import serve

if TYPE_CHECKING:
    import numpy as np
    import soxr

__all__ = ["PicoSpeaker"]

_PICO_RATE: Final = 16_000
_RATE: Final = 24_000
_HEADROOM: Final = 0.8
"""Pico peaks at full scale, and a resampler overshoots: two decibels keep the peaks whole."""
_UNSPEAKABLE: Final = bytes(_RATE // 2)
"""A quarter of a second of silence stands for what Pico has no letters for."""
_UTTERANCES: Final = 256
"""Unfinished utterances kept, more than the sandbox has sessions; one left behind by a caller falls out."""
_STYLES: Final = {
    "alloy": ("en-US", 1.0),
    "ash": ("en-US", 0.8),
    "ballad": ("en-GB", 0.85),
    "coral": ("en-US", 1.1),
    "echo": ("en-US", 0.85),
    "sage": ("en-GB", 1.1),
    "shimmer": ("en-US", 1.2),
    "verse": ("en-US", 0.9),
    "marin": ("en-GB", 1.0),
    "cedar": ("en-GB", 0.8),
}
"""Pico's English voices are two; pitch tells OpenAI's ten apart."""


class PicoSpeaker:
    """Answers `{"utterance", "text", "voice", "speed", "last"}` with PCM16 at 24 kHz."""

    def __init__(self) -> None:
        """Load the engine.

        Raises:
            ImportError: When a library is missing.
        """
        import numpy as np  # noqa: PLC0415 - an optional dependency, wanted in this process only
        import py_nanotts  # noqa: PLC0415
        import soxr  # noqa: PLC0415

        self._np = np
        self._soxr = soxr
        self._pico = py_nanotts.NanoTTS()
        self._resamplers: OrderedDict[int, soxr.ResampleStream] = OrderedDict()

    def __call__(self, question: dict[str, Any]) -> bytes:
        """Speak one sentence of an utterance; the last one also yields what the resampler held back."""
        utterance: int = question["utterance"]
        last: bool = question["last"]
        resampler = self._resamplers.pop(utterance, None) or self._new_resampler()
        if not last:
            self._keep(utterance, resampler)
        spoken = self._speak(question["text"], question["voice"], question["speed"])
        samples = self._np.frombuffer(spoken, dtype="<i2").astype("float32") * _HEADROOM
        return self._to_pcm(resampler.resample_chunk(samples, last=last)) or (_UNSPEAKABLE if not spoken else b"")

    def _speak(self, text: str, voice: str, speed: float) -> bytes:
        if not text:
            return b""
        language, pitch = _STYLES.get(voice, _STYLES["alloy"])
        spoken: bytes = self._pico.speak(text, voice=language, speed=speed, pitch=pitch)
        return spoken

    def _new_resampler(self) -> "soxr.ResampleStream":
        return self._soxr.ResampleStream(_PICO_RATE, _RATE, 1, dtype="float32", quality="HQ")

    def _keep(self, utterance: int, resampler: "soxr.ResampleStream") -> None:
        self._resamplers[utterance] = resampler
        if len(self._resamplers) > _UTTERANCES:
            self._resamplers.popitem(last=False)

    def _to_pcm(self, samples: "np.ndarray[Any, np.dtype[np.float32]]") -> bytes:
        pcm: bytes = self._np.clip(samples, -32768, 32767).astype("<i2").tobytes()
        return pcm


if __name__ == "__main__":
    make: Callable[[], PicoSpeaker] = PicoSpeaker
    serve(make, answer_seconds=float(sys.argv[1]))
