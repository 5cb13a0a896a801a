"""Writes down what a session's user said, for the client: word by word, as upstream's transcripts come.

The recogniser tells all words at once. They leave one after the other, each when its place in the utterance is
reached at some times the speed of speech, so that a page which shows a transcript while it grows has one to show.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from limi.kernel.clock import Clock
from limi.protocol import RealtimeSession, Transcribe
from limi.sandbox.hearing.utterances import Hearing
from limi.sandbox.sleep import Sleep
from limi.sandbox.speech import SpeechError

__all__ = ["Dictation", "deltas_of"]

_DELTA: Final = re.compile(r"\s*\S+(?:\s+$)?")
"""A word with the space before it, and the last one with the space behind it too: joined they are the text."""
_LONGEST_SECONDS: Final = 0.1
"""The most that the words of one utterance take, however long it was: upstream's are complete when the reply to it
begins, and clients take a turn's transcript for late after that."""


class Dictation:
    """One session's transcripts; owns no task, `write` is somebody else's."""

    def __init__(
        self,
        *,
        session: RealtimeSession,
        hearing: Hearing,
        settle: Callable[[], Awaitable[None]],
        clock: Clock,
        sleep: Sleep,
        times_real_time: float,
    ) -> None:
        """Prepare to write.

        Args:
            session: Takes the words.
            hearing: Knows them.
            settle: Called after each report; sends what it caused, and waits while the client does not keep up.
            clock: Tells the session when it was.
            sleep: Waits between two words.
            times_real_time: How many times faster than they were spoken the words leave; infinite for all at once.
        """
        self._session = session
        self._hearing = hearing
        self._settle = settle
        self._clock = clock
        self._sleep = sleep
        self._times_real_time = times_real_time

    async def write(self, wanted: Transcribe) -> None:
        """Write down one utterance; a recogniser's failure becomes that of this transcript only."""
        try:
            text = await self._hearing.words_of(wanted.item_id, wanted.audio, wanted.audio_format.value)
        except SpeechError as error:
            reason = str(error)
            self._session.transcription_failed(wanted.item_id, "speech_failed", reason, self._clock.monotonic())
        else:
            await self._write_words(wanted, text)
            self._session.transcription_finished(wanted.item_id, text, self._clock.monotonic())
        await self._settle()

    async def _write_words(self, wanted: Transcribe, text: str) -> None:
        spoken_seconds = len(wanted.audio) / (1000 * wanted.audio_format.bytes_per_ms)
        seconds = min(spoken_seconds / self._times_real_time, _LONGEST_SECONDS)
        for delta in deltas_of(text):
            self._session.transcription_delta(wanted.item_id, delta, self._clock.monotonic())
            await self._settle()
            if pause := seconds * len(delta) / len(text):
                await self._sleep(pause)


def deltas_of(text: str) -> list[str]:
    """Return the pieces that a transcript comes in; joined they are the text, unless that is nothing but space."""
    return _DELTA.findall(text)
