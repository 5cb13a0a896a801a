"""What happens in a conversation, as values; the names follow what a person would say happened."""

from dataclasses import dataclass, field
from typing import Literal

from limi_client._errors import LimiError

__all__ = [
    "AnswerFinished",
    "AudioReceived",
    "EventsDropped",
    "Interrupted",
    "Notice",
    "SpeechStarted",
    "SpeechStopped",
    "StateChanged",
    "ToolCalled",
    "ToolFinished",
    "TranscriptChanged",
    "TranscriptEntry",
    "VoiceEvent",
    "VoiceState",
    "VoiceStatus",
]

VoiceStatus = Literal["disconnected", "connecting", "connected", "failed"]


@dataclass(frozen=True)
class VoiceState:
    """How the conversation stands; reconnecting is `connecting` with an `attempt` above 0."""

    status: VoiceStatus = "disconnected"
    error: LimiError | None = None
    """Why it failed or was ended."""
    session_id: str | None = None
    """What the backend calls this conversation; known as soon as a key was minted."""
    attempt: int = 0
    """How often it was tried to get a lost connection back."""


@dataclass(frozen=True)
class TranscriptEntry:
    """What one side said, as far as it is known."""

    id: str
    role: Literal["user", "assistant"]
    text: str
    final: bool
    """Whether no more words will come."""


@dataclass(frozen=True)
class StateChanged:
    """The connection's state is another one."""

    state: VoiceState


@dataclass(frozen=True)
class SpeechStarted:
    """The user began to speak."""


@dataclass(frozen=True)
class SpeechStopped:
    """The user stopped speaking."""


@dataclass(frozen=True)
class TranscriptChanged:
    """More is known of what one side said; `entry` has all of it."""

    entry: TranscriptEntry


@dataclass(frozen=True)
class AudioReceived:
    """A piece of the answer: 24 kHz, one channel, 16 bit, little-endian."""

    item_id: str
    pcm: bytes = field(repr=False)


@dataclass(frozen=True)
class Interrupted:
    """The user spoke into the answer, or `interrupt()` was called: stop playing it."""

    item_id: str | None
    played_seconds: float
    """How much of it had been played by then; the server forgets the rest."""


@dataclass(frozen=True)
class AnswerFinished:
    """The assistant has answered; what is left of the sound is on its way to the loudspeaker."""

    id: str
    status: str
    """`completed`, `cancelled`, `incomplete` or `failed`."""
    text: str
    """What was said."""
    waits_for_tools: bool = False
    """Whether it asked for tools, so that the real answer is still to come."""


@dataclass(frozen=True)
class ToolCalled:
    """The assistant asked for a tool."""

    name: str
    arguments: dict[str, object]


@dataclass(frozen=True)
class ToolFinished:
    """A tool gave its result, or failed."""

    name: str
    output: str
    error: BaseException | None = None


@dataclass(frozen=True)
class Notice:
    """The server, or a tool, complained; the conversation goes on."""

    error: LimiError


@dataclass(frozen=True)
class EventsDropped:
    """Nobody read for so long that the oldest events were given up."""

    count: int


VoiceEvent = (
    StateChanged
    | SpeechStarted
    | SpeechStopped
    | TranscriptChanged
    | AudioReceived
    | Interrupted
    | AnswerFinished
    | ToolCalled
    | ToolFinished
    | Notice
    | EventsDropped
)
"""Everything that comes out of a conversation."""
