"""What the sandbox asks of anything that speaks or listens.

Errors::

    SpeechError                    an engine failed, timed out or is too busy
    └── SpeechUnavailableError     the engine is not installed
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

__all__ = [
    "EndOfTurnJudge",
    "PerSession",
    "Preparable",
    "Recogniser",
    "SpeechError",
    "SpeechUnavailableError",
    "SpeechWindow",
    "Voice",
    "VoiceActivityDetector",
    "VoiceStyle",
]


class SpeechError(Exception):
    """A speech engine could not do its work; the message may be shown to a client."""


class SpeechUnavailableError(SpeechError):
    """A speech engine is not installed here."""

    def __init__(
        self, engine: str, *, hint: str = "install limi[sandbox] to let the sandbox hear and speak"
    ) -> None:
        super().__init__(f"{engine} is not installed; {hint}")
        self.engine = engine
        self.hint = hint


@dataclass(frozen=True, slots=True)
class VoiceStyle:
    """How a text is to be spoken."""

    name: str = "alloy"
    """One of OpenAI's voice names; a voice that does not know it speaks in its usual tone."""
    speed: float = 1.0
    """1 is normal; the protocol allows 0.25 to 1.5."""


class Voice(Protocol):
    """Turns text into speech."""

    def speak(self, text: str, style: VoiceStyle) -> AsyncGenerator[bytes, None]:
        """Yield `text` as PCM16 little-endian mono at 24 kHz, in chunks, the first as early as it is ready.

        Raises:
            SpeechError: When the text cannot be spoken.
        """

    async def prepare(self) -> None:
        """Get ready, so that the first answer need not wait; never raises `SpeechError`."""

    async def close(self) -> None:
        """Stop for good; may be called twice."""


@dataclass(frozen=True, slots=True)
class SpeechWindow:
    """What a detector says of one short stretch of sound."""

    end_ms: int
    """Where the stretch ends, in milliseconds of audio since the stream began."""
    probability: float
    """0 to 1: how likely somebody speaks in it."""


class VoiceActivityDetector(Protocol):
    """Tells speech from other sound, for many streams at a time."""

    async def listen(self, stream: str, audio: bytes, encoding: str) -> Sequence[SpeechWindow]:
        """Take the next piece of a stream and return what became known with it, oldest first.

        Args:
            stream: Which stream; the first piece of an unknown one begins it.
            audio: Samples of any number; what does not fill a window waits for the next piece.
            encoding: `audio/pcm` (16 bit, 24 kHz), `audio/pcmu` or `audio/pcma` (8 kHz); one per stream.

        Raises:
            SpeechError: When the detector fails.
        """

    async def forget(self, stream: str) -> None:
        """Drop what is held for a stream; harmless for an unknown one."""

    async def close(self) -> None:
        """Stop for good; may be called twice."""


class Recogniser(Protocol):
    """Turns speech into text."""

    async def recognise(self, audio: bytes, encoding: str) -> str:
        """Return what is said in `audio`, or a remark in round brackets when the words were not understood.

        Args:
            audio: One turn of the speaker.
            encoding: As in `VoiceActivityDetector.listen`.

        Raises:
            SpeechError: When the recogniser fails.
        """

    async def close(self) -> None:
        """Stop for good; may be called twice."""


@runtime_checkable
class PerSession(Protocol):
    """What a recogniser may be besides: another one for each session, when it remembers what it heard before."""

    def for_session(self) -> Recogniser:
        """Return a recogniser for one session's utterances, which come in order; nobody closes it."""


class EndOfTurnJudge(Protocol):
    """Tells from the sound of a sentence whether its speaker has finished."""

    async def finished(self, audio: bytes, encoding: str) -> float:
        """Return how likely, 0 to 1, whoever fell silent will not go on.

        Args:
            audio: The turn so far, with the silence after it; of a long one the last eight seconds are enough.
            encoding: As in `VoiceActivityDetector.listen`.

        Raises:
            SpeechError: When the judge fails.
        """

    async def close(self) -> None:
        """Stop for good; may be called twice."""


@runtime_checkable
class Preparable(Protocol):
    """What starts slowly and may be told beforehand that it will be needed; a faculty need not be one."""

    async def prepare(self) -> None:
        """Get ready; never raises `SpeechError`, because who needs it will meet the error anyway."""
