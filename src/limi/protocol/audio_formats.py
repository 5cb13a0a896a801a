"""The three audio formats a session may name, and how bytes become time in each."""

from enum import Enum
from typing import Any

__all__ = ["AudioFormat"]


class AudioFormat(Enum):
    """An audio format by its wire name; all are mono."""

    PCM16 = "audio/pcm"
    """16-bit signed little-endian at 24 kHz, the only rate upstream takes."""
    PCMU = "audio/pcmu"
    """G.711 mu-law at 8 kHz."""
    PCMA = "audio/pcma"
    """G.711 A-law at 8 kHz."""

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return 2 if self is AudioFormat.PCM16 else 1

    @property
    def bytes_per_ms(self) -> int:
        """Bytes of one millisecond: 48 for PCM, 8 for G.711."""
        return 48 if self is AudioFormat.PCM16 else 8

    def to_wire(self) -> dict[str, Any]:
        """Return the format object as the API spells it."""
        if self is AudioFormat.PCM16:
            return {"type": self.value, "rate": 24000}
        return {"type": self.value}
