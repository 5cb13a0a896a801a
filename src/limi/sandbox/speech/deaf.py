"""The recogniser without ears: it knows how long somebody spoke, and says no more than it knows."""

from typing import Final

__all__ = ["DeafRecogniser", "audio_seconds"]

_BYTES_PER_SECOND: Final = {"audio/pcm": 48_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}


class DeafRecogniser:
    """Stands in until a real recogniser is installed."""

    async def recognise(self, audio: bytes, encoding: str) -> str:
        """Return a remark such as `(2.3 seconds of speech)`, in brackets because nobody said it."""
        return f"({audio_seconds(audio, encoding):.1f} seconds of speech)"

    async def close(self) -> None:
        """Hold nothing, so do nothing."""


def audio_seconds(audio: bytes, encoding: str) -> float:
    """Return how long `audio` lasts."""
    return len(audio) / _BYTES_PER_SECOND[encoding]
