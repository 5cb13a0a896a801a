"""How loud sound is, for a meter."""

import math
import sys
from array import array
from typing import Final

__all__ = ["level_of"]

_FULL_SCALE: Final = 32768.0


def level_of(pcm: bytes) -> float:
    """Return the loudness of 16-bit samples: 0 for silence, 1 for the loudest (root mean square)."""
    samples = array("h")
    samples.frombytes(pcm[: len(pcm) // 2 * 2])
    if not samples:
        return 0.0
    if sys.byteorder == "big":
        samples.byteswap()
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) / _FULL_SCALE
