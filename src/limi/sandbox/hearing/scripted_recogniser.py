"""The recogniser that hears what a script says it hears, so that a test needs no real one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from limi.sandbox.scripts.model import Hears
from limi.sandbox.speech.deaf import audio_seconds
from limi.sandbox.speech.likeness import contour, contour_of_file, is_alike
from limi.sandbox.speech.ports import Recogniser

__all__ = ["ScriptedRecogniser"]


class ScriptedRecogniser:
    """Writes down what was written for it; what nothing was written for is another's to recognise."""

    def __init__(
        self, *, hears: Sequence[Hears], otherwise: Recogniser, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        """Make a recogniser.

        Args:
            hears: What is heard in which utterance; the first that fits counts.
            otherwise: Hears the rest; it is closed together with this one.
            sleep: How it waits.

        Raises:
            SpeechError: When a file to compare with is no WAV file of 16 bits.
        """
        self._hears = hears
        self._otherwise = otherwise
        self._sleep = sleep
        self._contours = {h.sounds_like: contour_of_file(h.sounds_like) for h in hears if h.sounds_like}
        self._numbers = count(1)

    def for_session(self) -> Recogniser:
        """Return one that counts a session's utterances from 1."""
        return _Counting(self)

    async def recognise(self, audio: bytes, encoding: str) -> str:
        """Return the script's words; see `Recogniser.recognise`. Utterances of all callers count as one row."""
        return await self.recognise_utterance(next(self._numbers), audio, encoding)

    async def recognise_utterance(self, number: int, audio: bytes, encoding: str) -> str:
        """Return the script's words for the utterance of a number, from 1."""
        seconds = audio_seconds(audio, encoding)
        alike = await asyncio.to_thread(_alike, self._contours, audio, encoding) if self._contours else set()
        for hears in self._hears:
            if _holds(hears, number, seconds, alike):
                await self._sleep(hears.after_seconds)
                return hears.text
        return await self._otherwise.recognise(audio, encoding)

    async def close(self) -> None:
        """Close the recogniser behind it."""
        await self._otherwise.close()


class _Counting:
    def __init__(self, whole: ScriptedRecogniser) -> None:
        self._whole = whole
        self._numbers = count(1)

    async def recognise(self, audio: bytes, encoding: str) -> str:
        return await self._whole.recognise_utterance(next(self._numbers), audio, encoding)

    async def close(self) -> None:
        """Hold nothing, so do nothing; the whole is closed by whoever made it."""


def _alike(contours: Mapping[Path, Sequence[float]], audio: bytes, encoding: str) -> set[Path]:
    heard = contour(audio, encoding)
    return {path for path, known in contours.items() if is_alike(heard, known)}


def _holds(hears: Hears, number: int, seconds: float, alike: set[Path]) -> bool:
    longer, shorter = hears.longer_than_seconds, hears.shorter_than_seconds
    return (
        hears.utterance in {None, number}
        and (longer is None or seconds > longer)
        and (shorter is None or seconds < shorter)
        and (hears.sounds_like is None or hears.sounds_like in alike)
    )
