"""Decides from probabilities of speech when somebody begins and ends their turn."""

from dataclasses import dataclass
from typing import Final

from limi.sandbox.speech.ports import SpeechWindow

__all__ = ["SpeechPaused", "SpeechStarted", "SpeechStopped", "TurnDetector"]

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


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """Somebody fell silent in their turn; whoever can tell may say by `expect` how long to wait for more."""

    at_ms: int
    """Where the silence was long enough to ask, in milliseconds since the stream began."""


class TurnDetector:
    """Follows one stream, window by window."""

    def __init__(
        self, *, threshold: float, silence_ms: int, pause_ms: int | None = None, speaking: bool = False
    ) -> None:
        """Begin to follow a stream.

        Args:
            threshold: Probability from which a window counts as speech, 0 to 1.
            silence_ms: How long the silence is that ends a turn.
            pause_ms: How long the silence is that is told of before; None tells of none.
            speaking: Whether a turn is open already.
        """
        self._threshold = threshold
        self._silence_ms = silence_ms
        self._expected_ms = silence_ms
        self._pause_ms = pause_ms
        self._paused = False
        self._speaking = speaking
        self._speech_windows = 0
        self._last_speech_ms = 0
        self._heard_ms = 0

    def expect(self, silence_ms: int) -> SpeechStopped | None:
        """Let another silence end the turn if nothing is said before; says so when it has been as long already."""
        self._expected_ms = silence_ms
        return self._stop_when_silent()

    def hear(self, window: SpeechWindow) -> SpeechStarted | SpeechPaused | SpeechStopped | None:
        """Take the next window and say what it changes."""
        if self._speaking:
            return self._hear_while_speaking(window)
        self._speech_windows = self._speech_windows + 1 if window.probability >= self._threshold else 0
        if self._speech_windows < _ONSET_WINDOWS:
            return None
        self._speaking = True
        self._last_speech_ms = window.end_ms
        return SpeechStarted(max(0, window.end_ms - self._speech_windows * _WINDOW_MS))

    def _hear_while_speaking(self, window: SpeechWindow) -> SpeechPaused | SpeechStopped | None:
        self._heard_ms = window.end_ms
        if window.probability >= max(0.01, self._threshold - _HYSTERESIS):
            self._last_speech_ms = window.end_ms
            self._expected_ms = self._silence_ms
            self._paused = False
        return self._stop_when_silent() or self._pause_when_silent()

    def _stop_when_silent(self) -> SpeechStopped | None:
        if self._silent_for_ms < self._expected_ms:
            return None
        self._speaking = False
        self._paused = False
        self._speech_windows = 0
        self._expected_ms = self._silence_ms
        return SpeechStopped(self._heard_ms)

    def _pause_when_silent(self) -> SpeechPaused | None:
        if self._paused or self._pause_ms is None or self._silent_for_ms < self._pause_ms:
            return None
        self._paused = True
        return SpeechPaused(self._heard_ms)

    @property
    def _silent_for_ms(self) -> int:
        return self._heard_ms - self._last_speech_ms
