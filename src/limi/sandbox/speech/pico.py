"""The voice of the small install: SVOX Pico, spoken sentence by sentence in a worker process."""

import itertools
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from limi.sandbox.speech.ports import SpeechError, VoiceStyle
from limi.sandbox.speech.sentences import speakable_pieces
from limi.sandbox.speech.worker import Worker, worker_command

__all__ = ["PicoVoice"]

_CHUNK_BYTES: Final = 9_600
"""200 ms of PCM16 at 24 kHz: few enough events a second, and little to throw away when somebody interrupts."""


class PicoVoice:
    """Speaks English in two voices and ten pitches."""

    def __init__(self, *, worker: Worker | None = None) -> None:
        """Make a voice; its worker starts when it is first needed."""
        self._worker = worker or Worker(command=worker_command("pico"))
        self._utterances = itertools.count()

    async def speak(self, text: str, style: VoiceStyle) -> AsyncGenerator[bytes, None]:
        """Yield `text` as PCM16 at 24 kHz in chunks of 200 ms.

        Raises:
            SpeechError: When the worker fails; `SpeechUnavailableError` when py-nanotts, soxr or numpy is missing.
        """
        utterance = next(self._utterances)
        for piece in (*speakable_pieces(text), ""):
            # The empty piece at the end fetches what the resampler still holds.
            question = {"utterance": utterance, "text": piece, "last": not piece}
            audio: bytes = await self._worker.ask({**question, "voice": style.name, "speed": style.speed})
            for start in range(0, len(audio), _CHUNK_BYTES):
                yield audio[start : start + _CHUNK_BYTES]

    async def prepare(self) -> None:
        """Start the worker and load its voice: 0.3 s that the first answer then need not wait."""
        with suppress(SpeechError):
            async for _ in self.speak("Hello.", VoiceStyle()):
                pass

    async def close(self) -> None:
        """Stop the worker."""
        await self._worker.close()
