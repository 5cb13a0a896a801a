"""An item as a client may send it, in `conversation.item.create` or as input of a response."""

from typing import Annotated, Any, Final, Literal, cast

from msgspec import UNSET, Meta, UnsetType, to_builtins

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.encoded import Picture, Sound
from limi.protocol.errors import InvalidValueError, ProtocolError
from limi.protocol.generation import ItemType, Role
from limi.protocol.ids import IdKind, NewId
from limi.protocol.items import Item, Part, PartType
from limi.protocol.vocabulary import Name, ShortText, check_size
from limi.protocol.wire import Strict, convert, decode_object

__all__ = ["ItemReference", "build_item", "parse_input_item", "parse_item"]

# Bound and alphabet of ids that clients choose are those of error messages seen from the live service.
ItemId = Annotated[str, Meta(min_length=1, max_length=32, pattern="^[a-zA-Z0-9_-]+$")]
CallId = ItemId
Text = Annotated[str, Meta(max_length=256_000)]
"""The live service refuses a longer text in one part; what a function is given or returns is held to the same."""
Status = Literal["completed", "incomplete", "in_progress"]


class InputText(Strict, tag="input_text", tag_field="type", frozen=True, kw_only=True):
    """Typed text."""

    text: Text


class InputAudio(Strict, tag="input_audio", tag_field="type", frozen=True, kw_only=True):
    """Speech of the user; either member may be missing, as when a history is restored."""

    audio: Sound | None = None
    transcript: Text | None = None


class InputImage(Strict, tag="input_image", tag_field="type", frozen=True, kw_only=True):
    """A picture as a data URI."""

    image_url: Picture
    detail: Literal["auto", "low", "high"] | None = None


class OutputText(Strict, tag="output_text", tag_field="type", frozen=True, kw_only=True):
    """Text of the assistant."""

    text: Text


class OutputAudio(Strict, tag="output_audio", tag_field="type", frozen=True, kw_only=True):
    """Speech of the assistant."""

    audio: Sound | None = None
    transcript: Text | None = None


PartObject = InputText | InputAudio | InputImage | OutputText | OutputAudio


class _Known(Strict, frozen=True, kw_only=True):
    id: ItemId | None = None
    object: Literal["realtime.item"] | None = None
    status: Status | None = None


class MessageObject(_Known, tag="message", tag_field="type", frozen=True, kw_only=True):
    """Something said."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[list[PartObject], Meta(max_length=1_000)]


class FunctionCallObject(_Known, tag="function_call", tag_field="type", frozen=True, kw_only=True):
    """The assistant's call of a function."""

    name: Name
    arguments: Text
    call_id: CallId | None = None


class FunctionCallOutputObject(_Known, tag="function_call_output", tag_field="type", frozen=True, kw_only=True):
    """What a function returned."""

    call_id: CallId
    output: Text


class ListedTool(Strict, frozen=True, kw_only=True):
    """A tool of an MCP server."""

    name: Name
    input_schema: dict[str, Any]
    description: ShortText = ""
    annotations: dict[str, Any] | UnsetType | None = UNSET


class MCPListToolsObject(Strict, tag="mcp_list_tools", tag_field="type", frozen=True, kw_only=True):
    """The tools of an MCP server."""

    id: ItemId | None = None
    server_label: Name
    tools: Annotated[list[ListedTool], Meta(max_length=1_000)]


class MCPCallObject(Strict, tag="mcp_call", tag_field="type", frozen=True, kw_only=True):
    """A call of an MCP server's tool."""

    id: ItemId | None = None
    server_label: Name
    name: Name
    arguments: Text
    # The key must be in every echo, null or not: agents-js breaks for good on a call without it.
    output: Text | None = None
    approval_request_id: Name | None = None
    error: dict[str, Any] | None = None


class MCPApprovalRequestObject(Strict, tag="mcp_approval_request", tag_field="type", frozen=True, kw_only=True):
    """A question whether a tool may be called."""

    id: ItemId | None = None
    server_label: Name
    name: Name
    arguments: Text


class MCPApprovalResponseObject(Strict, tag="mcp_approval_response", tag_field="type", frozen=True, kw_only=True):
    """The answer to such a question."""

    id: ItemId | None = None
    approval_request_id: Name
    approve: bool
    reason: ShortText | UnsetType = UNSET


class ItemReference(Strict, tag="item_reference", tag_field="type", frozen=True, kw_only=True):
    """An item of the conversation, by its id; in the input of a response only."""

    id: str


ItemObject = (
    MessageObject
    | FunctionCallObject
    | FunctionCallOutputObject
    | MCPListToolsObject
    | MCPCallObject
    | MCPApprovalRequestObject
    | MCPApprovalResponseObject
)

# A union is no class to a type checker, though msgspec reads it as the type it stands for.
_ITEM: Final = cast("type[ItemObject]", ItemObject)
_INPUT_ITEM: Final = cast("type[ItemObject | ItemReference]", ItemObject | ItemReference)

_PARTS_OF: Final = {
    Role.SYSTEM: (InputText,),
    Role.USER: (InputText, InputAudio, InputImage),
    Role.ASSISTANT: (OutputText, OutputAudio),
}


def parse_item(value: object, *, at: str) -> ItemObject:
    """Check the shape of an item.

    Raises:
        ProtocolError: The first rule it breaks.
    """
    return _checked(convert(value, _ITEM, at=at), at)


def parse_input_item(value: object, *, at: str) -> ItemObject | ItemReference:
    """Check the shape of an item in a response's input, where references are possible.

    Raises:
        ProtocolError: The first rule it breaks.
    """
    parsed = convert(value, _INPUT_ITEM, at=at)
    return parsed if isinstance(parsed, ItemReference) else _checked(parsed, at)


def build_item(request: ItemObject, *, new_id: NewId, user_format: AudioFormat, reply_format: AudioFormat) -> Item:
    """Make an item from a checked request; the client's own id is kept, others get one.

    Args:
        request: What `parse_item` returned.
        new_id: Makes the ids the client did not choose.
        user_format: Format of the user's audio.
        reply_format: Format of the assistant's audio.
    """
    item = Item(id=request.id or new_id(IdKind.ITEM), type=ItemType.MESSAGE)
    match request:
        case MessageObject():
            item.role = Role(request.role)
            for part in request.content:
                item.parts.append(_build_part(part, user_format, reply_format))
        case FunctionCallObject():
            item.type = ItemType.FUNCTION_CALL
            item.name, item.arguments = request.name, request.arguments
            item.call_id = request.call_id or new_id(IdKind.CALL)
        case FunctionCallOutputObject():
            item.type = ItemType.FUNCTION_CALL_OUTPUT
            item.call_id, item.output = request.call_id, request.output
        case _:
            item.foreign = to_builtins(request)
            item.type = ItemType(item.foreign.pop("type"))
            item.foreign.pop("id")
    return item


def _checked(request: ItemObject, at: str) -> ItemObject:
    if isinstance(request, MessageObject):
        allowed = _PARTS_OF[Role(request.role)]
        for index, part in enumerate(request.content):
            if not isinstance(part, allowed):
                raise _wrong_part(request.role, at=f"{at}.content[{index}].type")
    match request:
        case MCPApprovalRequestObject():
            _check_object(request.arguments, at=f"{at}.arguments")
        case MCPListToolsObject():
            for index, tool in enumerate(request.tools):
                check_size(tool.input_schema, at=f"{at}.tools[{index}].input_schema")
                check_size(tool.annotations or {}, at=f"{at}.tools[{index}].annotations")
        case MCPCallObject():
            check_size(request.error or {}, at=f"{at}.error")
    return request


def _check_object(arguments: str, *, at: str) -> None:
    # agents-js reads the arguments of an approval as an object and breaks for good on anything else.
    try:
        decode_object(arguments)
    except ProtocolError as error:
        raise InvalidValueError(at, f"Invalid value for '{at}': expected the text of a JSON object.") from error


def _wrong_part(role: str, *, at: str) -> InvalidValueError:
    supported = ", ".join(repr(str(allowed.__struct_config__.tag)) for allowed in _PARTS_OF[Role(role)])
    return InvalidValueError(at, f"Invalid value for '{at}'. Supported values for role '{role}' are: {supported}.")


def _build_part(part: PartObject, user_format: AudioFormat, reply_format: AudioFormat) -> Part:
    match part:
        case InputText():
            return Part(type=PartType.INPUT_TEXT, text=part.text)
        case OutputText():
            return Part(type=PartType.OUTPUT_TEXT, text=part.text)
        case InputImage():
            return Part(type=PartType.INPUT_IMAGE, picture=part.image_url, detail=part.detail)
        case InputAudio():
            kind, audio_format = PartType.INPUT_AUDIO, user_format
        case OutputAudio():
            kind, audio_format = PartType.OUTPUT_AUDIO, reply_format
    audio = part.audio.data if part.audio is not None else b""
    return Part(
        type=kind,
        text=part.transcript,
        audio=audio or None,
        audio_bytes=len(audio),
        audio_format=audio_format,
    )
