"""A session object as a client may send it: in a mint, in `session.update`, or beside an SDP offer."""

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from limi.protocol.errors import InvalidValueError, MissingParameterError
from limi.protocol.vocabulary import (
    FormatObject,
    Include,
    Instructions,
    MaxOutputTokens,
    Modalities,
    Name,
    Prompt,
    Reasoning,
    ShortText,
    ToolChoice,
    Tools,
    Voice,
    check_size,
    check_tools,
)
from limi.protocol.wire import Strict, convert

__all__ = [
    "AudioInputRequest",
    "NoiseReductionRequest",
    "RealtimeSessionRequest",
    "RetentionRatio",
    "SemanticVADRequest",
    "ServerVADRequest",
    "SessionRequest",
    "TracingRequest",
    "TranscriptionRequest",
    "TranscriptionSessionRequest",
    "TurnDetectionRequest",
    "parse_session",
]


Words = Annotated[list[Name], Meta(max_length=1_000)]
"""Languages, or words that are to be expected: more than a recogniser heeds."""


class TranscriptionRequest(Strict, frozen=True, kw_only=True):
    """How to write down the user's speech."""

    model: Name | UnsetType = UNSET
    language: Name | UnsetType | None = UNSET
    prompt: ShortText | UnsetType | None = UNSET
    languages: Words | UnsetType | None = UNSET
    keywords: Words | UnsetType | None = UNSET
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | UnsetType | None = UNSET


class NoiseReductionRequest(Strict, frozen=True, kw_only=True):
    """What kind of microphone to clean up after."""

    type: Literal["near_field", "far_field"]
    strength: Annotated[float, Meta(ge=0)] | UnsetType = UNSET


class ServerVADRequest(Strict, tag="server_vad", tag_field="type", frozen=True, kw_only=True):
    """Turns end after a silence."""

    threshold: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    prefix_padding_ms: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    silence_duration_ms: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    idle_timeout_ms: Annotated[int, Meta(ge=5000, le=30000)] | UnsetType | None = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


class SemanticVADRequest(Strict, tag="semantic_vad", tag_field="type", frozen=True, kw_only=True):
    """Turns end when the words sound finished."""

    eagerness: Literal["auto", "low", "medium", "high"] | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


TurnDetectionRequest = ServerVADRequest | SemanticVADRequest


class AudioInputRequest(Strict, frozen=True, kw_only=True):
    """`audio.input`."""

    format: FormatObject | UnsetType = UNSET
    transcription: TranscriptionRequest | UnsetType | None = UNSET
    noise_reduction: NoiseReductionRequest | UnsetType | None = UNSET
    turn_detection: TurnDetectionRequest | UnsetType | None = UNSET


class AudioOutputRequest(Strict, frozen=True, kw_only=True):
    """`audio.output`."""

    format: FormatObject | UnsetType = UNSET
    voice: Voice | UnsetType = UNSET
    speed: Annotated[float, Meta(ge=0.25, le=1.5)] | UnsetType = UNSET


class AudioRequest(Strict, frozen=True, kw_only=True):
    """`audio` of a conversation."""

    input: AudioInputRequest = AudioInputRequest()
    output: AudioOutputRequest = AudioOutputRequest()


class TranscriptionAudioRequest(Strict, frozen=True, kw_only=True):
    """`audio` of a session that only listens."""

    input: AudioInputRequest = AudioInputRequest()


class TokenLimits(Strict, frozen=True, kw_only=True):
    """Bounds of the context after truncation."""

    post_instructions: Annotated[int, Meta(ge=0)] | UnsetType = UNSET


class RetentionRatio(Strict, tag="retention_ratio", tag_field="type", frozen=True, kw_only=True):
    """How much of the context survives a truncation."""

    retention_ratio: Annotated[float, Meta(ge=0, le=1)]
    token_limits: TokenLimits | UnsetType | None = UNSET


class TracingRequest(Strict, frozen=True, kw_only=True):
    """Names for a trace."""

    workflow_name: ShortText | UnsetType | None = UNSET
    group_id: ShortText | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET


class RealtimeSessionRequest(Strict, tag="realtime", tag_field="type", frozen=True, kw_only=True):
    """A session that holds a conversation."""

    model: Name | UnsetType = UNSET
    output_modalities: Modalities | UnsetType = UNSET
    instructions: Instructions | UnsetType = UNSET
    audio: AudioRequest = AudioRequest()
    include: Include | UnsetType | None = UNSET
    tools: Tools | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    reasoning: Reasoning | UnsetType | None = UNSET
    max_output_tokens: MaxOutputTokens | UnsetType = UNSET
    truncation: Literal["auto", "disabled"] | RetentionRatio | UnsetType = UNSET
    tracing: Literal["auto"] | TracingRequest | UnsetType | None = UNSET
    prompt: Prompt | UnsetType | None = UNSET


class TranscriptionSessionRequest(Strict, tag="transcription", tag_field="type", frozen=True, kw_only=True):
    """A session that only listens."""

    audio: TranscriptionAudioRequest = TranscriptionAudioRequest()
    include: Include | UnsetType | None = UNSET


SessionRequest = RealtimeSessionRequest | TranscriptionSessionRequest

_BY_TYPE: Final[dict[str, type[SessionRequest]]] = {
    "realtime": RealtimeSessionRequest,
    "transcription": TranscriptionSessionRequest,
}


def parse_session(value: object, *, at: str = "session") -> SessionRequest:
    """Check a session object.

    Raises:
        ProtocolError: The first rule it breaks, with the path of the member below `at`.
    """
    if not isinstance(value, dict):
        raise InvalidValueError(at, f"Invalid value for '{at}': expected an object.")
    if "type" not in value:
        raise MissingParameterError(f"{at}.type")
    kind = value["type"]
    if not isinstance(kind, str) or kind not in _BY_TYPE:
        raise InvalidValueError(
            f"{at}.type", f"Invalid value for '{at}.type'. Supported values are: 'realtime' and 'transcription'."
        )
    request = convert(value, _BY_TYPE[kind], at=at)
    if isinstance(request, RealtimeSessionRequest):
        _check_sizes(request, at)
    return request


def _check_sizes(request: RealtimeSessionRequest, at: str) -> None:
    """Refuse free JSON that is too long, which no type can say."""
    if request.tools:
        check_tools(request.tools, at=f"{at}.tools")
    if isinstance(request.tracing, TracingRequest) and request.tracing.metadata:
        check_size(request.tracing.metadata, at=f"{at}.tracing.metadata")
    if isinstance(request.prompt, Prompt) and request.prompt.variables:
        check_size(request.prompt.variables, at=f"{at}.prompt.variables")
