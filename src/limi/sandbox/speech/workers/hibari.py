"""The child process that speaks naturally: Hibari, a small neural voice on onnxruntime, at 24 kHz.

It leaves about 0.3 s of silence before a sentence and 0.5 s after it. The first would be waited for in every
answer and the second is longer than a speaker's pause, so both are shortened.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from limi.sandbox.speech.workers.framing import serve

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = ["HibariSpeaker"]

_RATE: Final = 24_000
_FULL_SCALE: Final = 32_767
_SEED: Final = 1
"""The voice's breath is noise; always the same noise makes the same text the same sound."""
_AUDIBLE: Final = 0.01
"""40 dB below full scale: what the voice does before and after its words stays under it."""
_BEFORE: Final = _RATE // 50
"""20 ms before the first sound, for its onset."""
_AFTER: Final = _RATE // 4
"""A quarter of a second after the last one, which is the pause between two sentences."""
_UNSPEAKABLE: Final = bytes(_RATE // 2)
"""A quarter of a second of silence stands for what the voice has no sounds for."""


class HibariSpeaker:
    """Answers `{"text", "speed"}` with PCM16 at 24 kHz."""

    def __init__(self) -> None:
        """Load the voice.

        Raises:
            ImportError: When a library is missing.
        """
        import numpy as np  # noqa: PLC0415 - optional dependencies, wanted in this process only
        from hibari import Hibari  # noqa: PLC0415

        self._np = np
        # This one voice is in the package; the names of others would be downloaded.
        self._voice = Hibari(voice="heart", threads=1)

    def __call__(self, question: dict[str, Any]) -> bytes:
        """Speak one sentence."""
        spoken: Samples = self._voice(question["text"], speed=question["speed"], seed=_SEED)
        return self._to_pcm(self._trimmed(spoken)) or _UNSPEAKABLE

    def _trimmed(self, spoken: "Samples") -> "Samples":
        audible = self._np.flatnonzero(self._np.abs(spoken) > _AUDIBLE)
        if not len(audible):
            return spoken[:0]
        return spoken[max(0, int(audible[0]) - _BEFORE) : int(audible[-1]) + _AFTER]

    def _to_pcm(self, samples: "Samples") -> bytes:
        pcm: bytes = (self._np.clip(samples, -1, 1) * _FULL_SCALE).astype("<i2").tobytes()
        return pcm


if __name__ == "__main__":
    make: Callable[[], HibariSpeaker] = HibariSpeaker
    serve(make, answer_seconds=float(sys.argv[1]))
