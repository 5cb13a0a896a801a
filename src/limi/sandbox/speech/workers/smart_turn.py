"""The child process that judges whether somebody has finished speaking: Smart Turn v3 on onnxruntime.

The model (https://github.com/pipecat-ai/smart-turn) hears how a sentence ends rather than what it says. It takes
the last eight seconds as Whisper does: the loudness of 80 bands of pitch every hundredth of a second.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from limi.sandbox.speech.weights import SMART_TURN, read_weight
from limi.sandbox.speech.workers.framing import serve
from limi.sandbox.speech.workers.inference import start_inference
from limi.sandbox.speech.workers.sound import RATE, Resampler

if TYPE_CHECKING:
    import numpy as np

    from limi.sandbox.speech.workers.sound import Samples

    Matrix = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["SmartTurnJudge"]

_SAMPLES: Final = 8 * RATE
_WINDOW: Final = 400
_STEP: Final = 160
_BANDS: Final = 80
_FREQUENCIES: Final = _WINDOW // 2 + 1
_LINEAR_HERTZ: Final = 1_000.0
_LINEAR_MELS: Final = 15.0
"""Below 1,000 Hz a mel is 200/3 Hz; above, 27 of them make a factor of 6.4 (M. Slaney, Auditory Toolbox, 1998)."""
_RANGE: Final = 8.0
"""What is 80 dB below the loudest counts as silent."""


class SmartTurnJudge:
    """Answers `{"audio", "encoding"}` with how likely it is, 0 to 1, that the speaker has finished."""

    def __init__(self, folder: Path) -> None:
        """Load the model.

        Args:
            folder: Where the weights lie.

        Raises:
            ImportError: When a library or the weights are missing.
        """
        import numpy as np  # noqa: PLC0415 - an optional dependency, wanted in this process only

        self._np = np
        self._model = start_inference(read_weight(folder, SMART_TURN))
        self._bands = self._make_bands()
        self._hann = np.hanning(_WINDOW + 1)[:-1]

    def __call__(self, question: dict[str, Any]) -> float:
        """Judge the end of a turn."""
        samples = Resampler(question["encoding"]).take(question["audio"], last=True)[-_SAMPLES:]
        # What is shorter stands at the end of the eight seconds, because the end is what counts.
        padded = self._np.pad(samples, (_SAMPLES - len(samples), 0))
        (probability,) = self._model.run(None, {"input_features": self._features(padded)[None]})
        return float(probability[0].item())

    def _features(self, samples: "Samples") -> "Samples":
        np = self._np
        centred = np.pad((samples - samples.mean()) / np.sqrt(samples.var() + 1e-7), _WINDOW // 2, mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(centred.astype(np.float64), _WINDOW)[::_STEP]
        power = np.abs(np.fft.rfft(windows * self._hann)) ** 2
        # Whisper drops the frame that is centred on the very end.
        loudness = np.log10(np.maximum(power @ self._bands, 1e-10))[:-1]
        loudness = np.maximum(loudness, loudness.max() - _RANGE)
        features: Samples = ((loudness + 4) / 4).T.astype(np.float32)
        return features

    def _make_bands(self) -> "Matrix":
        """Return how much of each frequency each band hears: triangles, evenly spaced in mels, all of one area."""
        np = self._np
        edges = self._hertz(np.linspace(0, self._highest_mel(), _BANDS + 2))
        frequencies = np.linspace(0, RATE / 2, _FREQUENCIES)[:, None]
        rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
        falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
        triangles: Matrix = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
        return triangles

    def _highest_mel(self) -> float:
        np = self._np
        return float(_LINEAR_MELS + 27 * np.log(RATE / 2 / _LINEAR_HERTZ) / np.log(6.4))

    def _hertz(self, mels: "Matrix") -> "Matrix":
        np = self._np
        above = _LINEAR_HERTZ * np.exp(np.log(6.4) / 27 * (mels - _LINEAR_MELS))
        hertz: Matrix = np.where(mels < _LINEAR_MELS, mels * _LINEAR_HERTZ / _LINEAR_MELS, above)
        return hertz


if __name__ == "__main__":
    make: Callable[[], SmartTurnJudge] = partial(SmartTurnJudge, Path(sys.argv[1]))
    serve(make, answer_seconds=float(sys.argv[2]))
