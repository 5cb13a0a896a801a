"""The natural voice: Hibari, spoken sentence by sentence in a worker process."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from limi.sandbox.speech.moonshine import MODEL_START_SECONDS
from limi.sandbox.speech.ports import SpeechError, VoiceStyle
from limi.sandbox.speech.sentences import speakable_pieces
from limi.sandbox.speech.worker import Worker, worker_command

__all__ = ["HibariVoice"]

_CHUNK_BYTES: Final = 9_600
"""200 ms of PCM16 at 24 kHz: few enough events a second, and little to throw away when somebody interrupts."""
_ANSWER_SECONDS: Final = 20.0
"""The longest sentence takes a tenth of a second on a free core; a laptop may be busy."""
_HINT: Final = "install limi[speech] to let the sandbox speak naturally"


class HibariVoice:
    """Speaks American English in one voice, whichever of OpenAI's names is asked for."""

    def __init__(self, *, worker: Worker | None = None) -> None:
        """Make a voice; its worker starts when it is first needed."""
        command = worker_command("hibari")
        self._worker = worker or Worker(
            command=command, answer_seconds=_ANSWER_SECONDS, start_seconds=MODEL_START_SECONDS, hint=_HINT
        )

    async def speak(self, text: str, style: VoiceStyle) -> AsyncGenerator[bytes, None]:
        """Yield `text` as PCM16 at 24 kHz in chunks of 200 ms; the same text is always the same sound.

        Raises:
            SpeechError: When the worker fails; `SpeechUnavailableError` when hibari or onnxruntime is missing.
        """
        for piece in speakable_pieces(text):
            audio: bytes = await self._worker.ask({"text": piece, "speed": style.speed})
            for start in range(0, len(audio), _CHUNK_BYTES):
                yield audio[start : start + _CHUNK_BYTES]

    async def prepare(self) -> None:
        """Start the worker and load its voice, so that the first answer need not wait for it."""
        with suppress(SpeechError):
            async for _ in self.speak("Hello.", VoiceStyle()):
                pass

    async def close(self) -> None:
        """Stop the worker."""
        await self._worker.close()
