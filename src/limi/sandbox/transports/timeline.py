"""Where a caller's sound belongs in time: what comes late is not silent.

A busy network or machine lets packets wait, and then they come all at once. To who counts by the clock the caller
fell silent meanwhile, and a turn ends in the middle of a sentence. Their timestamps tell: those of late packets
follow each other, and those of packets around a silence that was not sent leave a gap as long as the silence
(RFC 3550, §5.1). So a gap is filled when its end is known. Only a caller who has sent nothing for long, and may
have stopped the microphone, is taken to be silent before that.
"""

from typing import Final

from limi.sandbox.transports.playback import FRAME_SAMPLES, SAMPLE_RATE

__all__ = ["Timeline"]

_QUIET_FRAMES: Final = 50
"""A second. A caller who sends nothing for so long is taken to be silent, because a turn ends with silence only.
Clients that are muted go on to send, so that few turns wait for this."""
_MOST_MISSING: Final = 5 * SAMPLE_RATE
"""Samples, five seconds. A longer gap is more than was missed: a stream that began anew counts from anywhere."""


class Timeline:
    """The silence between the packets of one caller, as PCM16 at 24 kHz."""

    def __init__(self) -> None:
        """Wait for the first packet; nobody is silent before it."""
        self._ends: int | None = None
        self._filled = 0
        self._quiet_frames = 0

    def silence_before(self, begins: int, samples: int) -> bytes:
        """Take note of a packet's sound; returns the silence that was between it and the one before.

        Args:
            begins: When it begins, in samples of the caller's own time.
            samples: How long it lasts.
        """
        # Silence that was heard too much, because a packet came more than a second late, cannot be taken back.
        missing = 0 if self._ends is None else begins - self._ends - self._filled
        self._ends, self._filled, self._quiet_frames = begins + samples, 0, 0
        return bytes(2 * missing) if 0 < missing <= _MOST_MISSING else b""

    def frame_passed(self) -> bytes:
        """Let 20 ms pass; returns the silence that is to be heard because nothing has come for long.

        Time is counted by the frames that were sent meanwhile and not by the clock: while this process stands
        still, what has arrived waits as well.
        """
        if self._ends is None:
            return b""
        self._quiet_frames += 1
        if self._quiet_frames < _QUIET_FRAMES:
            return b""
        silent = self._quiet_frames * FRAME_SAMPLES - self._filled
        self._filled += silent
        return bytes(2 * silent)
