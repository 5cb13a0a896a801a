"""G.711, the telephone's eight-bit companding (ITU-T G.711, 1988), as tables.

A table for 65,536 samples is made once from the rule for one sample; then numpy turns a whole chunk at a time.
"""

from functools import cache
from typing import Any, Final

from limi.sandbox.speech.ports import SpeechUnavailableError

__all__ = ["G711Encoder", "decoding_table", "encoding_table"]

_PCMU: Final = "audio/pcmu"
_INPUT_RATE: Final = 24_000
_RATE: Final = 8_000
_MU_BIAS: Final = 0x84
_MU_LARGEST: Final = 32_635
_CODES: Final = 256
_SAMPLES: Final = 65_536
_HALF: Final = 32_768


class G711Encoder:
    """Turns one reply's PCM16 at 24 kHz into G.711 at 8 kHz, chunk by chunk."""

    def __init__(self, encoding: str) -> None:
        """Begin a reply.

        Args:
            encoding: `audio/pcmu` or `audio/pcma`.

        Raises:
            SpeechUnavailableError: When numpy or soxr is missing.
        """
        try:
            import numpy as np  # noqa: PLC0415 - optional dependencies, needed for telephone formats only
            import soxr  # noqa: PLC0415
        except ImportError as exc:
            raise SpeechUnavailableError(exc.name or "soxr") from exc
        self._np = np
        self._table: Any = np.frombuffer(encoding_table(encoding), dtype="uint8")
        self._resampler: Any = soxr.ResampleStream(_INPUT_RATE, _RATE, 1, dtype="float32", quality="HQ")

    def encode(self, pcm: bytes, *, last: bool = False) -> bytes:
        """Return the codes that `pcm` completes; `last` also yields what the resampler held back."""
        samples = self._np.frombuffer(pcm, dtype="<i2").astype("float32")
        resampled = self._resampler.resample_chunk(samples, last=last)
        codes: bytes = self._table[self._np.clip(resampled, -_HALF, _HALF - 1).astype("int32") + _HALF].tobytes()
        return codes


@cache
def decoding_table(encoding: str) -> tuple[int, ...]:
    """Return the 16-bit sample of each of the 256 codes."""
    decode = _decode_mu if encoding == _PCMU else _decode_a
    return tuple(decode(code) for code in range(_CODES))


@cache
def encoding_table(encoding: str) -> bytes:
    """Return the code of each 16-bit sample, -32768 first."""
    encode = _encode_mu if encoding == _PCMU else _encode_a
    return bytes(encode(sample - _HALF) for sample in range(_SAMPLES))


def _encode_mu(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _MU_LARGEST) + _MU_BIAS
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF


def _decode_mu(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + _MU_BIAS << (code >> 4 & 7)) - _MU_BIAS
    return -magnitude if code & 0x80 else magnitude


def _encode_a(sample: int) -> int:
    # A-law has 13 bits; a negative sample is counted from -1, so that both halves are alike.
    sign, magnitude = (0x80, sample >> 3) if sample >= 0 else (0, ~sample >> 3)
    exponent = max(magnitude.bit_length() - 5, 0)
    mantissa = magnitude >> max(exponent, 1) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def _decode_a(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, code & 0x0F
    magnitude = (mantissa << 4) + 8 if exponent == 0 else (mantissa << 4) + 0x108 << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude
