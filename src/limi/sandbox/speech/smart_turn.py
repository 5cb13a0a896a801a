"""The end of a turn by its sound: Smart Turn in a worker process."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from limi.sandbox.speech.moonshine import MODEL_START_SECONDS, SPEECH_HINT
from limi.sandbox.speech.ports import SpeechError
from limi.sandbox.speech.worker import Worker, worker_command

__all__ = ["SmartTurn"]

_HEARD_SECONDS: Final = 8
"""More of a turn the model does not take."""
_BYTES_PER_SECOND: Final = {"audio/pcm": 48_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}


class SmartTurn:
    """Judges English, and by its makers' word 22 other languages."""

    def __init__(self, *, folder: Path, worker: Worker | None = None) -> None:
        """Make a judge; its worker starts when it is first needed.

        Args:
            folder: Where the weights lie.
            worker: The process; by default one that runs Smart Turn.
        """
        command = worker_command("smart_turn", str(folder.absolute()))
        self._worker = worker or Worker(command=command, start_seconds=MODEL_START_SECONDS, hint=SPEECH_HINT)

    async def finished(self, audio: bytes, encoding: str) -> float:
        """Return how likely the speaker has finished; see `EndOfTurnJudge.finished`."""
        heard = audio[-_HEARD_SECONDS * _BYTES_PER_SECOND[encoding] :]
        probability: float = await self._worker.ask({"audio": heard, "encoding": encoding})
        return probability

    async def prepare(self) -> None:
        """Start the worker and load its model, before the first pause."""
        with suppress(SpeechError):
            await self.finished(bytes(_BYTES_PER_SECOND["audio/pcm"]), "audio/pcm")

    async def close(self) -> None:
        """Stop the worker."""
        await self._worker.close()
