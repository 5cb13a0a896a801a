"""Objects that occur in several requests, as a client may spell them.

Members are named as upstream names them. `UNSET` means that the client left a member out, which is not the same as
null: null switches a feature off where that is possible.

Bounds are upstream's where it is known to have one: 16,384 tokens of instructions, 128 tools, 16 metadata.
Elsewhere they are wide enough for everything of use, and keep one event from filling the memory.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType, to_builtins

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.errors import InvalidValueError
from limi.protocol.wire import Strict, encode

__all__ = [
    "VOICES",
    "FormatObject",
    "FunctionToolObject",
    "Include",
    "Instructions",
    "MCPToolObject",
    "MaxOutputTokens",
    "Modalities",
    "Name",
    "Prompt",
    "Reasoning",
    "ShortText",
    "ToolChoice",
    "ToolObject",
    "Tools",
    "Voice",
    "check_size",
    "check_tools",
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


_JSON_BYTES: Final = 64 * 1024
"""A schema or a set of variables of 16,384 tokens, which is as much as instructions may have."""
_TOOLS_BYTES: Final = 256 * 1024
"""All tools together, as JSON: more than a model's whole context of 32,000 tokens holds."""

FormatObject = PCMFormat | PCMUFormat | PCMAFormat
Include = Annotated[list[Literal["item.input_audio_transcription.logprobs"]], Meta(max_length=16)]
Name = Annotated[str, Meta(max_length=256)]
"""A model, a label, an identifier."""
ShortText = Annotated[str, Meta(max_length=16_384)]
"""A description, a credential, a prompt for a recogniser."""
Instructions = Annotated[str, Meta(max_length=8 * 16_384)]
"""Upstream takes 16,384 tokens. A token of plain English has four to five characters; eight refuse nothing that
upstream would take."""
MaxOutputTokens = Annotated[int, Meta(ge=1, le=4096)] | Literal["inf"]
Modalities = list[Literal["audio", "text"]]


class CustomVoice(Strict, frozen=True, kw_only=True):
    """A voice of the client's own."""

    id: Annotated[str, Meta(pattern="^voice_", max_length=256)]


Voice = str | CustomVoice


class Reasoning(Strict, frozen=True, kw_only=True):
    """How hard a reasoning model thinks."""

    effort: Literal["minimal", "low", "medium", "high", "xhigh"] | UnsetType = UNSET


class Prompt(Strict, frozen=True, kw_only=True):
    """A prompt stored upstream; kept and echoed, nothing is looked up."""

    id: Name
    version: Name | UnsetType | None = UNSET
    variables: dict[str, Any] | UnsetType | None = UNSET


FunctionName = Annotated[str, Meta(min_length=1, max_length=128, pattern="^[a-zA-Z0-9_-]+$")]
"""Upstream's own rule for the names of functions."""
ToolNames = Annotated[list[Name], Meta(max_length=1_000)]
Headers = Annotated[dict[Name, ShortText], Meta(max_length=64)]
AllowedCallers = Annotated[list[Literal["direct", "programmatic"]], Meta(max_length=16)]


class FunctionToolObject(Strict, tag="function", tag_field="type", frozen=True, kw_only=True):
    """A function the client runs."""

    name: FunctionName
    description: ShortText | UnsetType | None = UNSET
    parameters: dict[str, Any] | UnsetType | None = UNSET


class ToolFilter(Strict, frozen=True, kw_only=True):
    """Some tools of an MCP server."""

    tool_names: ToolNames | UnsetType = UNSET
    read_only: bool | UnsetType = UNSET


class ApprovalFilter(Strict, frozen=True, kw_only=True):
    """Which tools of an MCP server need a yes."""

    always: ToolFilter | UnsetType = UNSET
    never: ToolFilter | UnsetType = UNSET


class MCPToolObject(Strict, tag="mcp", tag_field="type", frozen=True, kw_only=True):
    """A remote MCP server; accepted and echoed, but never called."""

    server_label: Annotated[str, Meta(min_length=1, max_length=256)]
    server_url: ShortText | UnsetType = UNSET
    connector_id: Name | UnsetType = UNSET
    tunnel_id: Name | UnsetType = UNSET
    server_description: ShortText | UnsetType = UNSET
    allowed_tools: ToolNames | ToolFilter | UnsetType | None = UNSET
    require_approval: Literal["always", "never"] | ApprovalFilter | UnsetType | None = UNSET
    headers: Headers | UnsetType | None = UNSET
    authorization: ShortText | UnsetType = UNSET
    defer_loading: bool | UnsetType = UNSET
    allowed_callers: AllowedCallers | UnsetType | None = UNSET

    def __repr__(self) -> str:
        """Leave out `headers` and `authorization`, which hold credentials."""
        return f"MCPToolObject(server_label={self.server_label!r})"


ToolObject = FunctionToolObject | MCPToolObject
Tools = Annotated[list[ToolObject], Meta(max_length=128)]
"""Upstream's bound for tools of one request."""


class FunctionChoice(Strict, tag="function", tag_field="type", frozen=True, kw_only=True):
    """The response must call this function."""

    name: Name


class MCPChoice(Strict, tag="mcp", tag_field="type", frozen=True, kw_only=True):
    """The response must use this MCP server."""

    server_label: Name
    name: Name | UnsetType | None = UNSET


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


def check_size(value: object, *, at: str) -> None:
    """Refuse free JSON that is too long.

    Raises:
        InvalidValueError: It is.
    """
    _check_bytes(len(encode(value)), at=at, most=_JSON_BYTES)


def check_tools(tools: Sequence[ToolObject], *, at: str) -> None:
    """Refuse definitions that are too long, one of them or all together; their number is bounded by their type.

    Raises:
        InvalidValueError: The first that is too long.
    """
    total = 0
    for index, tool in enumerate(tools):
        if isinstance(tool, FunctionToolObject) and tool.parameters:
            check_size(tool.parameters, at=f"{at}[{index}].parameters")
        total += len(encode(tool))
    _check_bytes(total, at=at, most=_TOOLS_BYTES)


def tool_to_wire(tool: ToolObject) -> dict[str, Any]:
    """Return a tool as the session shows it; the credentials of an MCP server stay inside."""
    shown: dict[str, Any] = to_builtins(tool)
    shown.pop("authorization", None)
    shown.pop("headers", None)
    return shown


def _check_bytes(size: int, *, at: str, most: int) -> None:
    if size > most:
        message = f"Invalid value for '{at}': as JSON it has {size} bytes, and at most {most} are taken."
        raise InvalidValueError(at, message)
