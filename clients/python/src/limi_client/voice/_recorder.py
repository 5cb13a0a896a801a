"""A loudspeaker that keeps what it is given."""

import os
from pathlib import Path
from typing import Final

from limi_client.voice._wav import BYTES_PER_SECOND, wav_from_pcm

__all__ = ["Recorder"]

_MOST_BYTES: Final = 60 * 60 * BYTES_PER_SECOND
"""An hour, which is what a session lasts; later sound is let go."""


class Recorder:
    """Keeps the answers of a conversation, for programs that play nothing.

    Each piece counts as heard when it arrives, so that the model believes that the whole answer was, also when the
    next question comes before a loudspeaker would have been through with it.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._sound = bytearray()
        self._received: dict[str, int] = {}

    @property
    def pcm(self) -> bytes:
        """All that was said: 24 kHz, one channel, 16 bit."""
        return bytes(self._sound)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as a WAV file.

        Raises:
            OSError: It cannot be written.
        """
        Path(path).write_bytes(wav_from_pcm(self.pcm))

    def open(self) -> None:
        """Do nothing: there is no device."""

    def play(self, item_id: str, pcm: bytes) -> None:
        """Keep a piece of an answer."""
        self._received = {item_id: self._received.get(item_id, 0) + len(pcm)}
        if len(self._sound) + len(pcm) <= _MOST_BYTES:
            self._sound += pcm

    def clear(self) -> None:
        """Do nothing: what was kept is kept."""

    def played_seconds(self, item_id: str) -> float:
        """Return how much of an answer has arrived."""
        return self._received.get(item_id, 0) / BYTES_PER_SECOND

    def close(self) -> None:
        """Do nothing: there is no device."""
