"""What callers say: the recording of the examples in pieces, with silence around it, and when each piece left."""

import math
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar

__all__ = ["RATE", "Microphone", "cut", "recorded_speech"]

RATE: Final = 24_000
_RECORDING: Final = Path(__file__).parents[2] / "examples" / "hello.wav"
_BYTES_PER_MS: Final = 2 * RATE // 1000

Piece = TypeVar("Piece")


def recorded_speech(seconds: float | None = None) -> bytes:
    """Return `examples/hello.wav`, four seconds of speech, or its beginning: PCM16, mono, 24 kHz."""
    with wave.open(str(_RECORDING)) as file:
        frames = file.getnframes() if seconds is None else round(seconds * RATE)
        pcm: bytes = file.readframes(frames)
        return pcm


def cut(pcm: bytes, piece_ms: int) -> list[bytes]:
    """Return `pcm` in pieces of so many milliseconds, the last filled up with silence."""
    size = piece_ms * _BYTES_PER_MS
    return [pcm[start : start + size].ljust(size, b"\0") for start in range(0, len(pcm), size)]


class Microphone(Generic[Piece]):
    """An open microphone: gives the recording when asked to, and silence before and after it.

    It keeps the time at which every piece left, because a session names moments by the sound it was sent.
    """

    def __init__(self, *, speech: Sequence[Piece], silence: Piece, piece_ms: int) -> None:
        """Make one that is silent.

        Args:
            speech: The recording, cut and packed as the transport sends it.
            silence: One piece of silence, packed alike.
            piece_ms: How long each piece is.
        """
        self._speech = speech
        self._silence = silence
        self._piece_ms = piece_ms
        self._next = len(speech)
        self._left_at: list[float] = []
        self.speaking_from_ms = 0
        """Where in all the sound the recording was begun last."""

    def speak(self) -> None:
        """Let the recording come next, from its beginning."""
        self._next = 0
        self.speaking_from_ms = len(self._left_at) * self._piece_ms

    def next_piece(self, now: float) -> Piece:
        """Return the piece that leaves now."""
        self._left_at.append(now)
        if self._next == len(self._speech):
            return self._silence
        piece = self._speech[self._next]
        self._next += 1
        return piece

    def sent_at(self, position_ms: int) -> float:
        """Return when everything up to a position in the sound had left.

        Raises:
            ValueError: it has not left yet.
        """
        pieces = math.ceil(position_ms / self._piece_ms)
        if not 0 < pieces <= len(self._left_at):
            raise ValueError(f"position_ms: {len(self._left_at) * self._piece_ms} ms were sent, not {position_ms}")
        return self._left_at[pieces - 1]
