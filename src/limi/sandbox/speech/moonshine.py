"""Recognition: Moonshine tiny in a worker process, which hears a turn of any length a few seconds at a time."""

import itertools
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from limi.sandbox.speech.deaf import DeafRecogniser
from limi.sandbox.speech.ports import Recogniser, SpeechError, SpeechUnavailableError
from limi.sandbox.speech.worker import Worker, worker_command

__all__ = ["MODEL_START_SECONDS", "SPEECH_HINT", "MoonshineRecogniser"]

_log = structlog.get_logger(__name__)

SPEECH_HINT: Final = "install limi[speech] and run `limi speech install` to let the sandbox understand words"
_PIECE_SECONDS: Final = 8
"""They take a fifth of a second; so long does somebody who talks for minutes keep the others waiting."""
_BYTES_PER_SECOND: Final = {"audio/pcm": 48_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}
MODEL_START_SECONDS: Final = 60.0
"""How long a worker may take to load a model: a second on a free core, 18 on two that thirteen programs shared."""
_ANSWER_SECONDS: Final = 20.0
"""An answer is about 24 seconds of speech at most, which take 0.7 s on a free core; a laptop may be busy."""


class MoonshineRecogniser:
    """Understands English."""

    def __init__(self, *, folder: Path, worker: Worker | None = None, otherwise: Recogniser | None = None) -> None:
        """Make a recogniser; its worker starts when it is first needed.

        Args:
            folder: Where the weights lie.
            worker: The process; by default one that runs Moonshine.
            otherwise: Stands in when it turns out that the weights are damaged or a library does not load; by
                default one without ears.
        """
        command = worker_command("moonshine", str(folder.absolute()))
        self._worker = worker or Worker(
            command=command,
            answer_seconds=_ANSWER_SECONDS,
            start_seconds=MODEL_START_SECONDS,
            hint=SPEECH_HINT,
        )
        self._otherwise = otherwise or DeafRecogniser()
        self._said_unavailable = False
        self._turns = itertools.count()

    async def recognise(self, audio: bytes, encoding: str) -> str:
        """Return what is said in `audio`, nothing when it is silent; see `Recogniser.recognise`."""
        try:
            return await self._recognise(audio, encoding)
        except SpeechUnavailableError as error:
            if not self._said_unavailable:
                self._said_unavailable = True
                _log.warning("sandbox.speech.unavailable", reason=str(error))
            return await self._otherwise.recognise(audio, encoding)

    async def _recognise(self, audio: bytes, encoding: str) -> str:
        turn = next(self._turns)
        size = _PIECE_SECONDS * _BYTES_PER_SECOND[encoding]
        texts: list[str] = []
        for start in range(0, max(len(audio), 1), size):
            piece = audio[start : start + size]
            question = {"turn": turn, "audio": piece, "encoding": encoding, "last": start + size >= len(audio)}
            texts.append(await self._worker.ask(question))
        return " ".join(filter(None, texts))

    async def prepare(self) -> None:
        """Start the worker and load its models: 1 s that the first turn then need not wait."""
        with suppress(SpeechError):
            await self.recognise(bytes(_BYTES_PER_SECOND["audio/pcm"]), "audio/pcm")

    async def close(self) -> None:
        """Stop the worker."""
        await self._worker.close()
        await self._otherwise.close()
