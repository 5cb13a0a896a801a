"""Four seconds of recorded speech, in the pieces a client would send."""

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["spoken"]

_RECORDING: Final = Path(__file__).parents[2] / "examples" / "hello.wav"
_BYTES_PER_SECOND: Final = 48_000
_CHUNK: Final = _BYTES_PER_SECOND // 10


def spoken(*, silence_seconds: int = 2) -> Iterator[bytes]:
    """Yield tenths of a second: the recording, and silence after it."""
    with wave.open(str(_RECORDING)) as file:
        sound = file.readframes(file.getnframes()) + bytes(silence_seconds * _BYTES_PER_SECOND)
    for start in range(0, len(sound), _CHUNK):
        yield sound[start : start + _CHUNK]
