"""Voice activity detection of the small install: Silero, in a worker process that all sessions share.

One second of sound takes about 40 ms there, so that one worker serves some twenty people who talk at once.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from limi.sandbox.speech.ports import SpeechError, SpeechWindow
from limi.sandbox.speech.worker import Worker, worker_command

__all__ = ["SileroDetector"]

_WINDOW_MS: Final = 32
_PIECE_BYTES: Final = 24_000
"""Half a second of PCM: a caller that sends minutes at once must not keep the others waiting."""


class SileroDetector:
    """Hears any number of streams, as many as its worker remembers."""

    def __init__(self, *, worker: Worker | None = None) -> None:
        """Make a detector; its worker starts when it is first needed."""
        self._worker = worker or Worker(command=worker_command("silero"))
        self._windows: dict[str, int] = {}

    async def listen(self, stream: str, audio: bytes, encoding: str) -> Sequence[SpeechWindow]:
        """Return the 32 ms windows that `audio` completes; see `VoiceActivityDetector.listen`."""
        probabilities: list[float] = []
        for start in range(0, len(audio), _PIECE_BYTES):
            piece = audio[start : start + _PIECE_BYTES]
            probabilities += await self._worker.ask({"stream": stream, "audio": piece, "encoding": encoding})
        first = self._windows.get(stream, 0) + 1
        self._windows[stream] = first - 1 + len(probabilities)
        return [SpeechWindow(_WINDOW_MS * (first + i), p) for i, p in enumerate(probabilities)]

    async def forget(self, stream: str) -> None:
        """Drop a stream here and in the worker."""
        if self._windows.pop(stream, None) is None or self._worker.pid is None:
            return
        with suppress(SpeechError):
            await self._worker.ask({"stream": stream, "audio": None, "encoding": ""})

    async def close(self) -> None:
        """Stop the worker."""
        await self._worker.close()
