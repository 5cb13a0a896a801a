"""The audio a client has written but not yet committed, measured in whole milliseconds.

Positions count from the first sample the session was ever given; committing, clearing and forgetting never move
them. The end of the buffer is therefore "now" in the user's audio.
"""

from typing import Final

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.errors import RefusedError
from limi.protocol.limits import Limits

__all__ = ["InputBuffer"]

MINIMUM_COMMIT_MS: Final = 100
"""Upstream refuses to commit less."""


class InputBuffer:
    """A queue of bytes with a position; dropping from its front is cheap, so nothing here is quadratic."""

    def __init__(self, *, audio_format: AudioFormat, limits: Limits) -> None:
        self._format = audio_format
        self._limits = limits
        self._audio = bytearray()
        self._dropped_bytes = 0
        """Bytes of this format that have left the buffer."""
        self._origin_ms = 0
        """Where this format began."""
        self._unheard_at = 0
        """Byte position up to which `take_unheard` has handed audio out."""
        self._tail = b""
        """The end of what `take_until` took last, as long as nothing else was taken or dropped since."""

    @property
    def audio_format(self) -> AudioFormat:
        """The format of what is in it."""
        return self._format

    @property
    def start_ms(self) -> int:
        """Position of the first sample still there."""
        return self._origin_ms + self._dropped_bytes // self._format.bytes_per_ms

    @property
    def reach_ms(self) -> int:
        """Position from which audio can be taken, some of it for the second time."""
        return self.start_ms - len(self._tail) // self._format.bytes_per_ms

    @property
    def end_ms(self) -> int:
        """Position behind the last sample written."""
        return self._origin_ms + (self._dropped_bytes + len(self._audio)) // self._format.bytes_per_ms

    @property
    def room_bytes(self) -> int:
        """How much may be added before it is full."""
        return self._limits.buffer_bytes - len(self._audio)

    def change_format(self, audio_format: AudioFormat) -> None:
        """Go on in another format; what is buffered can no longer be read with the new one and is dropped."""
        if audio_format is self._format:
            return
        self._origin_ms = self.end_ms
        self._format = audio_format
        self._audio.clear()
        self._dropped_bytes = 0
        self._unheard_at = 0
        self._tail = b""

    def append(self, audio: bytes) -> None:
        """Add audio; a sample may be split between two pieces.

        Raises:
            RefusedError: More is waiting than a session may hold; nothing is added.
        """
        if len(self._audio) + len(audio) > self._limits.buffer_bytes:
            seconds = self._limits.buffer_bytes // (self._format.bytes_per_ms * 1000)
            raise RefusedError(
                code="input_audio_buffer_full",
                message=f"Input audio buffer is full: it holds at most {seconds} seconds. Commit or clear it.",
                param="audio",
            )
        self._audio += audio

    def take_unheard(self) -> tuple[bytes, int]:
        """Return the whole samples written since the last call, and where they begin in milliseconds."""
        end = self._whole_end()
        begin = max(self._unheard_at, self._dropped_bytes)
        self._unheard_at = end
        start_ms = self._origin_ms + begin // self._format.bytes_per_ms
        with memoryview(self._audio) as view:
            return bytes(view[begin - self._dropped_bytes : end - self._dropped_bytes]), start_ms

    def skip_unheard(self) -> None:
        """Count everything written so far as heard: nobody was listening."""
        self._unheard_at = self._whole_end()

    def check_commit(self) -> None:
        """Refuse a commit by the client of less than 100 ms.

        Raises:
            RefusedError: There is too little.
        """
        milliseconds = len(self._audio) / self._format.bytes_per_ms
        if milliseconds < MINIMUM_COMMIT_MS:
            raise RefusedError(
                code="input_audio_buffer_commit_empty",
                message=(
                    "Error committing input audio buffer: buffer too small. Expected at least "
                    f"{MINIMUM_COMMIT_MS}ms of audio, but buffer only has {milliseconds:.2f}ms of audio."
                ),
            )

    def take_all(self) -> bytes:
        """Return everything as whole samples and empty the buffer."""
        self._tail = b""
        return self._take(len(self._audio))

    def take_until(self, start_ms: int, end_ms: int, *, overlap_ms: int = 0) -> bytes:
        """Return what lies between two positions and drop everything up to the second one.

        Args:
            start_ms: The first position, no earlier than `reach_ms`.
            end_ms: The second one.
            overlap_ms: How much before the second position can be taken once more.
        """
        again = self._tail_from(start_ms)
        self._drop(self._offset(start_ms))
        taken = self._take(self._offset(end_ms))
        taken = again + taken if again else taken
        self._tail = taken[-overlap_ms * self._format.bytes_per_ms :] if overlap_ms else b""
        return taken

    def clear(self) -> None:
        """Drop everything; positions go on."""
        self._tail = b""
        self._take(len(self._audio))

    def forget_before(self, at_ms: int) -> None:
        """Drop what is older than a position."""
        self._drop(self._offset(at_ms))

    def _whole_end(self) -> int:
        end = self._dropped_bytes + len(self._audio)
        return end - end % self._format.sample_bytes

    def _offset(self, at_ms: int) -> int:
        position = (at_ms - self._origin_ms) * self._format.bytes_per_ms
        return min(max(position - self._dropped_bytes, 0), len(self._audio))

    def _take(self, size: int) -> bytes:
        # Half a sample at the end stays, so that the rest of it finds its other half.
        size -= (self._dropped_bytes + size) % self._format.sample_bytes
        # Copied once, through a view: a slice is a copy by itself, and 15 MiB of them hold everybody up.
        with memoryview(self._audio) as view:
            taken = bytes(view[:size])
        self._drop(size)
        return taken

    def _tail_from(self, at_ms: int) -> bytes:
        size = max(0, self.start_ms - at_ms) * self._format.bytes_per_ms
        return self._tail[-size:] if size else b""

    def _drop(self, size: int) -> None:
        if size:
            self._tail = b""
        del self._audio[:size]
        self._dropped_bytes += size
