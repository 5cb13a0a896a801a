"""Voice activity detection: Silero, in a worker process that all sessions share.

One second of sound takes about 40 ms there, so that one worker serves some twenty people who talk at once; with
the weights of `limi speech install` it takes 8.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from limi.sandbox.speech.moonshine import MODEL_START_SECONDS
from limi.sandbox.speech.ports import SpeechError, SpeechWindow
from limi.sandbox.speech.worker import Worker, worker_command

__all__ = ["SileroDetector"]

_WINDOW_MS: Final = 32
_PIECE_BYTES: Final = 24_000
"""Half a second of PCM: a caller that sends minutes at once must not keep the others waiting."""


class SileroDetector:
    """Hears any number of streams, as many as its worker remembers."""

    def __init__(self, *, folder: Path | None = None, worker: Worker | None = None) -> None:
        """Make a detector; its worker starts when it is first needed.

        Args:
            folder: Where the weights lie, if they do; without them it hears the same, more slowly.
            worker: The process; by default one that runs Silero.
        """
        command = worker_command("silero", *([] if folder is None else [str(folder.absolute())]))
        self._worker = worker or Worker(command=command, start_seconds=MODEL_START_SECONDS)
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
