"""Objects that occur in several requests, as a client may spell them.

Members are named as upstream names them. `UNSET` means that the client left a member out, which is not the same as
null: null switches a feature off where that is possible.
"""

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType, to_builtins

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.errors import InvalidValueError
from limi.protocol.wire import Strict

__all__ = [
    "VOICES",
    "FormatObject",
    "FunctionToolObject",
    "Include",
    "MCPToolObject",
    "MaxOutputTokens",
    "Modalities",
    "Prompt",
    "Reasoning",
    "ToolChoice",
    "ToolObject",
    "Voice",
    "format_from",
    "modality_from",
    "tool_to_wire",
    "voice_from",
]

VOICES: Final = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
"""The voices upstream offers to everyone; custom ones come as an object."""


class PCMFormat(Strict, tag="audio/pcm", tag_field="type", frozen=True, kw_only=True):
    """16-bit PCM."""

    rate: Literal[24000] = 24000


class PCMUFormat(Strict, tag="audio/pcmu", tag_field="type", frozen=True, kw_only=True):
    """G.711 mu-law."""


class PCMAFormat(Strict, tag="audio/pcma", tag_field="type", frozen=True, kw_only=True):
    """G.711 A-law."""


FormatObject = PCMFormat | PCMUFormat | PCMAFormat
Include = list[Literal["item.input_audio_transcription.logprobs"]]
MaxOutputTokens = Annotated[int, Meta(ge=1, le=4096)] | Literal["inf"]
Modalities = list[Literal["audio", "text"]]


class CustomVoice(Strict, frozen=True, kw_only=True):
    """A voice of the client's own."""

    id: Annotated[str, Meta(pattern="^voice_")]


Voice = str | CustomVoice


class Reasoning(Strict, frozen=True, kw_only=True):
    """How hard a reasoning model thinks."""

    effort: Literal["minimal", "low", "medium", "high", "xhigh"] | UnsetType = UNSET


class Prompt(Strict, frozen=True, kw_only=True):
    """A prompt stored upstream; kept and echoed, nothing is looked up."""

    id: str
    version: str | UnsetType | None = UNSET
    variables: dict[str, Any] | UnsetType | None = UNSET


class FunctionToolObject(Strict, tag="function", tag_field="type", frozen=True, kw_only=True):
    """A function the client runs."""

    name: Annotated[str, Meta(min_length=1)]
    description: str | UnsetType | None = UNSET
    parameters: dict[str, Any] | UnsetType | None = UNSET


class ToolFilter(Strict, frozen=True, kw_only=True):
    """Some tools of an MCP server."""

    tool_names: list[str] | UnsetType = UNSET
    read_only: bool | UnsetType = UNSET


class ApprovalFilter(Strict, frozen=True, kw_only=True):
    """Which tools of an MCP server need a yes."""

    always: ToolFilter | UnsetType = UNSET
    never: ToolFilter | UnsetType = UNSET


class MCPToolObject(Strict, tag="mcp", tag_field="type", frozen=True, kw_only=True):
    """A remote MCP server; accepted and echoed, but never called."""

    server_label: Annotated[str, Meta(min_length=1)]
    server_url: str | UnsetType = UNSET
    connector_id: str | UnsetType = UNSET
    tunnel_id: str | UnsetType = UNSET
    server_description: str | UnsetType = UNSET
    allowed_tools: list[str] | ToolFilter | UnsetType | None = UNSET
    require_approval: Literal["always", "never"] | ApprovalFilter | UnsetType | None = UNSET
    headers: dict[str, str] | UnsetType | None = UNSET
    authorization: str | UnsetType = UNSET
    defer_loading: bool | UnsetType = UNSET
    allowed_callers: list[Literal["direct", "programmatic"]] | UnsetType | None = UNSET

    def __repr__(self) -> str:
        """Leave out `headers` and `authorization`, which hold credentials."""
        return f"MCPToolObject(server_label={self.server_label!r})"


ToolObject = FunctionToolObject | MCPToolObject


class FunctionChoice(Strict, tag="function", tag_field="type", frozen=True, kw_only=True):
    """The response must call this function."""

    name: str


class MCPChoice(Strict, tag="mcp", tag_field="type", frozen=True, kw_only=True):
    """The response must use this MCP server."""

    server_label: str
    name: str | UnsetType | None = UNSET


ToolChoice = Literal["none", "auto", "required"] | FunctionChoice | MCPChoice


def format_from(wire: FormatObject) -> AudioFormat:
    """Return the format a format object names."""
    if isinstance(wire, PCMFormat):
        return AudioFormat.PCM16
    return AudioFormat.PCMU if isinstance(wire, PCMUFormat) else AudioFormat.PCMA


def modality_from(wire: Modalities, *, at: str) -> str:
    """Return the one modality a list names.

    Raises:
        InvalidValueError: There is not exactly one; audio and text together are no longer possible.
    """
    if len(wire) != 1:
        raise InvalidValueError(
            at, f"Invalid modalities: {wire}. Supported combinations are: ['text'] and ['audio']."
        )
    return wire[0]


def voice_from(wire: Voice, *, at: str) -> str:
    """Return the name of a voice, for a custom one its id.

    Raises:
        InvalidValueError: There is no such voice.
    """
    if isinstance(wire, CustomVoice):
        return wire.id
    if wire not in VOICES:
        names = ", ".join(repr(voice) for voice in VOICES)
        raise InvalidValueError(at, f"Invalid value: '{wire}'. Supported values are: {names}.")
    return wire


def tool_to_wire(tool: ToolObject) -> dict[str, Any]:
    """Return a tool as the session shows it; the credentials of an MCP server stay inside."""
    shown: dict[str, Any] = to_builtins(tool)
    shown.pop("authorization", None)
    shown.pop("headers", None)
    return shown
