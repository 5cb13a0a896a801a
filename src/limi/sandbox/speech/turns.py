"""Decides from probabilities of speech when somebody begins and ends their turn."""

from dataclasses import dataclass
from typing import Final

from limi.sandbox.speech.ports import SpeechWindow

__all__ = ["SpeechStarted", "SpeechStopped", "TurnDetector"]

_WINDOW_MS: Final = 32
_ONSET_WINDOWS: Final = 2
"""64 ms of speech begin a turn; a click is shorter."""
_HYSTERESIS: Final = 0.15
"""Speech that began goes on until the probability is this much below the threshold, as Silero's authors advise."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak."""

    at_ms: int
    """Where the first sound of speech was, without padding, in milliseconds since the stream began."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Somebody ended their turn."""

    at_ms: int
    """Where the silence that ended the turn was long enough, in milliseconds since the stream began."""


class TurnDetector:
    """Follows one stream, window by window."""

    def __init__(self, *, threshold: float, silence_ms: int, speaking: bool = False) -> None:
        """Begin to follow a stream.

        Args:
            threshold: Probability from which a window counts as speech, 0 to 1.
            silence_ms: How long the silence is that ends a turn.
            speaking: Whether a turn is open already.
        """
        self._threshold = threshold
        self._silence_ms = silence_ms
        self._speaking = speaking
        self._speech_windows = 0
        self._last_speech_ms = 0

    def hear(self, window: SpeechWindow) -> SpeechStarted | SpeechStopped | None:
        """Take the next window and say what it changes."""
        if self._speaking:
            return self._hear_while_speaking(window)
        self._speech_windows = self._speech_windows + 1 if window.probability >= self._threshold else 0
        if self._speech_windows < _ONSET_WINDOWS:
            return None
        self._speaking = True
        self._last_speech_ms = window.end_ms
        return SpeechStarted(max(0, window.end_ms - self._speech_windows * _WINDOW_MS))

    def _hear_while_speaking(self, window: SpeechWindow) -> SpeechStopped | None:
        if window.probability >= max(0.01, self._threshold - _HYSTERESIS):
            self._last_speech_ms = window.end_ms
        if window.end_ms - self._last_speech_ms < self._silence_ms:
            return None
        self._speaking = False
        self._speech_windows = 0
        return SpeechStopped(window.end_ms)
