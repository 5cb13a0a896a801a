"""Decides which silence ends a turn: one of fixed length, or one that depends on how finished the words sound."""

from collections.abc import Mapping
from typing import Final

import structlog

from limi.protocol import AudioFormat, Eagerness, SemanticVAD, ServerVAD, TurnDetection
from limi.sandbox.speech import EndOfTurnJudge, SpeechError
from limi.sandbox.speech.turns import TurnDetector

__all__ = ["TurnEnds"]

_log = structlog.get_logger(__name__)

_SEMANTIC_THRESHOLD: Final = 0.5
_EVEN: Final = 0.5
"""From this probability on the words count as finished; so the judge was trained."""


class TurnEnds:
    """What one session's turns are ended by."""

    def __init__(
        self,
        *,
        silence_ms: Mapping[Eagerness, int],
        judge: EndOfTurnJudge | None = None,
        pause_ms: int = 250,
        longest_ms: Mapping[Eagerness, int] | None = None,
        opening_ms: int = 1_500,
        opening_pause_ms: int = 400,
    ) -> None:
        """Make it.

        Args:
            silence_ms: The silence that ends a turn under semantic VAD when nobody judges.
            judge: Tells whether words sound finished; None for nobody.
            pause_ms: The silence after which the judge is asked.
            longest_ms: The silence that ends a turn however unfinished the words sound; by default `silence_ms`.
            opening_ms: A turn that is shorter, with its pause, may be no more than an opening.
            opening_pause_ms: The silence that ends such a turn at the earliest, unless the eagerness is high.
        """
        self._silence_ms = silence_ms
        self._judge = judge
        self._pause_ms = pause_ms
        self._longest_ms = silence_ms if longest_ms is None else longest_ms
        self._opening_ms = opening_ms
        self._opening_pause_ms = opening_pause_ms
        self._said_failing = False

    def judges(self, settings: TurnDetection) -> bool:
        """Return whether pauses under these settings are judged by their sound."""
        return self._judge is not None and isinstance(settings, SemanticVAD)

    def detector(self, settings: TurnDetection, *, speaking: bool) -> TurnDetector:
        """Return a detector for a stream; `speaking` when a turn is open already."""
        if isinstance(settings, ServerVAD):
            silence_ms = settings.silence_duration_ms
            return TurnDetector(threshold=settings.threshold, silence_ms=silence_ms, speaking=speaking)
        if self._judge is None:
            silence_ms = self._silence_ms[settings.eagerness]
            return TurnDetector(threshold=_SEMANTIC_THRESHOLD, silence_ms=silence_ms, speaking=speaking)
        return TurnDetector(
            threshold=_SEMANTIC_THRESHOLD,
            silence_ms=self._longest_ms[settings.eagerness],
            pause_ms=self._pause_ms,
            speaking=speaking,
        )

    async def silence_after(self, audio: bytes, audio_format: AudioFormat, settings: TurnDetection) -> int:
        """Return which silence ends the turn that sounds like this, in milliseconds.

        Args:
            audio: The turn so far.
            audio_format: Of `audio`.
            settings: For which `judges` holds.
        """
        if self._judge is None or not isinstance(settings, SemanticVAD):
            raise ValueError("settings: nobody judges turns under these")
        try:
            finished = await self._judge.finished(audio, audio_format.value)
        except SpeechError as error:
            self._tell_once(error)
            return self._silence_ms[settings.eagerness]
        doubt = max(0.0, 1 - finished / _EVEN)
        wanted_ms = self._pause_ms + round(doubt * (self._longest_ms[settings.eagerness] - self._pause_ms))
        is_opening = len(audio) < self._opening_ms * audio_format.bytes_per_ms
        if is_opening and settings.eagerness is not Eagerness.HIGH:
            return max(wanted_ms, self._opening_pause_ms)
        return wanted_ms

    def _tell_once(self, error: SpeechError) -> None:
        if not self._said_failing:
            self._said_failing = True
            _log.warning("sandbox.end_of_turn.failed", reason=str(error))
