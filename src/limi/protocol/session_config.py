"""The effective configuration of a session, with every default filled in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.session_request import NoiseReductionRequest, RetentionRatio, TracingRequest
from limi.protocol.vocabulary import Prompt, Reasoning, ToolChoice, ToolObject

__all__ = [
    "Eagerness",
    "Modality",
    "SemanticVAD",
    "ServerVAD",
    "SessionConfig",
    "SessionType",
    "Transcription",
    "TurnDetection",
    "default_config",
]

DEFAULT_INSTRUCTIONS: Final = (
    "You are a helpful voice assistant. Answer briefly, in the language the user speaks, and call a tool whenever "
    "one of those you have can do what is asked."
)
"""Upstream has a text of its own here; what matters is that `session.created` shows one."""

_NEWER_FAMILY: Final = "gpt-realtime-2"


class SessionType(StrEnum):
    """What a session is for."""

    REALTIME = "realtime"
    TRANSCRIPTION = "transcription"


class Modality(StrEnum):
    """What a response is made of; audio always brings a transcript."""

    TEXT = "text"
    AUDIO = "audio"


class Eagerness(StrEnum):
    """How soon semantic turn detection answers."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVAD:
    """Turns end after a silence."""

    threshold: float = 0.5
    """0 to 1; the loudness above which sound counts as speech."""
    prefix_padding_ms: int = 300
    """How much audio from before the detected speech belongs to the turn."""
    silence_duration_ms: int = 500
    """How long a silence ends a turn."""
    idle_timeout_ms: int | None = None
    """The assistant speaks up by itself after so long a silence; None switches that off."""
    create_response: bool = True
    interrupt_response: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticVAD:
    """Turns end when the words sound finished."""

    eagerness: Eagerness = Eagerness.AUTO
    create_response: bool = True
    interrupt_response: bool = True

    @property
    def prefix_padding_ms(self) -> int:
        """The API has no setting here; the same as server VAD's default."""
        return 300


TurnDetection = ServerVAD | SemanticVAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """How the user's speech is written down; upstream shows exactly these three members."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """Everything a session is set to. `session_update` changes one, `session_echo` shows one."""

    type: SessionType
    model: str
    instructions: str
    modality: Modality
    input_format: AudioFormat
    transcription: Transcription | None
    noise_reduction: NoiseReductionRequest | None
    turn_detection: TurnDetection | None
    output_format: AudioFormat
    voice: str
    speed: float
    """0.25 to 1.5; 1 is natural."""
    include: tuple[str, ...] | None
    tools: tuple[ToolObject, ...]
    tool_choice: ToolChoice
    parallel_tool_calls: bool
    reasoning: Reasoning | None
    max_output_tokens: int | None
    """Of one response; None means as many as there are."""
    truncation: Literal["auto", "disabled"] | RetentionRatio
    tracing: Literal["auto"] | TracingRequest | None
    prompt: Prompt | None


def default_config(*, model: str, session_type: SessionType = SessionType.REALTIME) -> SessionConfig:
    """Return what a session of a model is set to when its client says nothing.

    Voice and silence depend on the family, as captures of `session.created` show.
    """
    newer = model == _NEWER_FAMILY or model.startswith((f"{_NEWER_FAMILY}.", f"{_NEWER_FAMILY}-"))
    return SessionConfig(
        type=session_type,
        model=model,
        instructions=DEFAULT_INSTRUCTIONS,
        modality=Modality.AUDIO,
        input_format=AudioFormat.PCM16,
        transcription=None,
        noise_reduction=None,
        turn_detection=ServerVAD(silence_duration_ms=500 if newer else 200),
        output_format=AudioFormat.PCM16,
        voice="marin" if newer else "alloy",
        speed=1.0,
        include=None,
        tools=(),
        tool_choice="auto",
        parallel_tool_calls=True,
        reasoning=None,
        max_output_tokens=None,
        truncation="auto",
        tracing=None,
        prompt=None,
    )
