"""Another sampling rate for a recording: a windowed sinc, or soxr where that is installed.

Plain Python does a second of sound in some ten milliseconds, so nothing has to be installed for a question of ten
seconds. For hours of music install the extra `soxr`.
"""

import math
from array import array
from operator import mul
from typing import Any, Final

__all__ = ["resample"]

_ZERO_CROSSINGS: Final = 12
"""On each side of a sample: aliases are 50 dB down, which is below the noise of a microphone."""
_PASSBAND: Final = 0.92
"""Of the lower rate's half; the rest is where the filter falls off."""


def resample(samples: "array[int]", rate: int, wanted: int) -> "array[int]":
    """Return 16-bit samples at another rate."""
    if rate == wanted or not samples:
        return samples
    soxr = _soxr()
    return _by_soxr(soxr, samples, rate, wanted) if soxr else _by_sinc(samples, rate, wanted)


def _soxr() -> Any:  # noqa: ANN401 - it ships no types
    try:
        import soxr  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return soxr


def _by_soxr(soxr: Any, samples: "array[int]", rate: int, wanted: int) -> "array[int]":  # noqa: ANN401 - as above
    import numpy as np  # noqa: PLC0415 - soxr brings it

    return array("h", soxr.resample(np.frombuffer(samples, dtype=np.int16), rate, wanted).tobytes())


def _by_sinc(samples: "array[int]", rate: int, wanted: int) -> "array[int]":
    divisor = math.gcd(rate, wanted)
    up, down = wanted // divisor, rate // divisor
    cutoff = min(1.0, wanted / rate) * _PASSBAND
    reach = math.ceil(_ZERO_CROSSINGS / cutoff)
    padded = array("h", bytes(2 * reach)) + samples + array("h", bytes(2 * (reach + 1)))
    filters: dict[int, list[float]] = {}
    made = array("h")
    for number in range(len(samples) * up // down):
        # Output `number` lies at number * down / up of the input: a whole sample, and a phase behind it.
        position, phase = divmod(number * down, up)
        taps = filters.get(phase)
        if taps is None:
            taps = filters[phase] = _taps(phase / up, cutoff, reach)
        value = sum(map(mul, taps, padded[position : position + 2 * reach + 1]))
        made.append(max(-32768, min(32767, round(value))))
    return made


def _taps(offset: float, cutoff: float, reach: int) -> list[float]:
    """Return the filter for a place between two samples, for those from `reach` before to `reach` behind."""
    taps = [_sinc(cutoff * (n - offset)) * _window((n - offset) / (reach + 1)) for n in range(-reach, reach + 1)]
    total = sum(taps)
    return [tap / total for tap in taps]


def _sinc(x: float) -> float:
    return math.sin(math.pi * x) / (math.pi * x) if x else 1.0


def _window(x: float) -> float:
    """Return Blackman's window over -1 … 1."""
    return 0.42 + 0.5 * math.cos(math.pi * x) + 0.08 * math.cos(2 * math.pi * x)
