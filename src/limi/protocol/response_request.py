"""What a client asks of one response, and what becomes of it together with the session's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, assert_never

from msgspec import UNSET, Meta, UnsetType

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.context import fit_context
from limi.protocol.conversation import Conversation
from limi.protocol.errors import RefusedError
from limi.protocol.generation import FunctionTool, GenerationRequest
from limi.protocol.ids import NewId
from limi.protocol.item_request import ItemReference, build_item, parse_input_item
from limi.protocol.items import Item
from limi.protocol.limits import Limits
from limi.protocol.session_config import Modality, SessionConfig
from limi.protocol.usage import Counted, count_text
from limi.protocol.vocabulary import (
    FormatObject,
    FunctionChoice,
    FunctionToolObject,
    Instructions,
    MaxOutputTokens,
    MCPChoice,
    Modalities,
    Prompt,
    Reasoning,
    ToolChoice,
    Tools,
    Voice,
    check_size,
    check_tools,
    format_from,
    modality_from,
    tool_to_wire,
    voice_from,
)
from limi.protocol.wire import Strict

__all__ = ["ResponsePlan", "ResponseRequest", "plan_response"]

MetadataKey = Annotated[str, Meta(max_length=64)]
MetadataValue = Annotated[str, Meta(max_length=512)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=16)]
_INPUT_ITEMS: Final = 2_000
"""As many as a conversation holds (`Limits.items`)."""


class ResponseOutputRequest(Strict, frozen=True, kw_only=True):
    """`response.audio.output`."""

    format: FormatObject | UnsetType = UNSET
    voice: Voice | UnsetType = UNSET


class ResponseAudioRequest(Strict, frozen=True, kw_only=True):
    """`response.audio`."""

    output: ResponseOutputRequest = ResponseOutputRequest()


class ResponseRequest(Strict, frozen=True, kw_only=True):
    """`response` in `response.create`; what is set holds for that response only."""

    conversation: Literal["auto", "none"] = "auto"
    input: Annotated[list[Any], Meta(max_length=_INPUT_ITEMS)] | UnsetType = UNSET
    instructions: Instructions | UnsetType = UNSET
    output_modalities: Modalities | UnsetType = UNSET
    audio: ResponseAudioRequest = ResponseAudioRequest()
    tools: Tools | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    reasoning: Reasoning | UnsetType | None = UNSET
    max_output_tokens: MaxOutputTokens | UnsetType = UNSET
    metadata: Metadata | None = None
    prompt: Prompt | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePlan:
    """A response that may begin: what is asked of the generator, and what it will have read."""

    request: GenerationRequest
    read: tuple[Counted, ...]
    output_tokens: int
    """The most it may write."""
    forgotten: tuple[Item, ...]
    """Items that no longer fit and are left out from now on."""
    own_input: bool
    """The client gave a context in the place of the conversation."""


def plan_response(
    request: ResponseRequest, *, config: SessionConfig, conversation: Conversation, new_id: NewId, limits: Limits
) -> ResponsePlan:
    """Join a request with the session it is made in.

    Raises:
        ProtocolError: A member breaks a rule, or refers to an item that is not there.
    """
    _check_sizes(request)
    instructions = config.instructions if request.instructions is UNSET else request.instructions
    tools = config.tools if request.tools is UNSET else tuple(request.tools)
    choice = config.tool_choice if request.tool_choice is UNSET else request.tool_choice
    mode, forced = _tool_choice(choice)
    out_of_band = request.conversation == "none"
    voice = _voice(request, config)
    if voice != config.voice and conversation.has_spoken and not out_of_band:
        raise RefusedError(
            code="cannot_update_voice",
            message="Cannot update a conversation's voice if assistant audio is present.",
            param="response.audio.output.voice",
        )
    preamble = count_text(instructions + "".join(repr(tool_to_wire(tool)) for tool in tools))
    own_input = request.input is not UNSET
    # What a client puts together itself is never cut: it had the choice.
    context = fit_context(
        _items(request, config=config, conversation=conversation, new_id=new_id),
        truncation="disabled" if own_input else config.truncation,
        room=max(0, limits.context_tokens - preamble.tokens.total),
    )
    generation = GenerationRequest(
        model=config.model,
        instructions=instructions,
        modality=_modality(request, config),
        voice=voice,
        speed=config.speed,
        output_format=_output_format(request, config),
        tools=tuple(_function(tool) for tool in tools if isinstance(tool, FunctionToolObject)),
        parallel_tool_calls=_parallel_tool_calls(request, config),
        tool_choice=mode,
        forced_tool=forced,
        max_output_tokens=_max_output_tokens(request, config),
        metadata=request.metadata,
        context=tuple(item.to_context() for item in context.items),
        out_of_band=out_of_band,
    )
    return ResponsePlan(
        request=generation,
        read=(preamble, *context.read),
        output_tokens=min(generation.max_output_tokens or limits.output_tokens, limits.output_tokens),
        forgotten=context.forgotten,
        own_input=own_input,
    )


def _check_sizes(request: ResponseRequest) -> None:
    """Refuse free JSON that is too long, which no type can say."""
    if request.tools:
        check_tools(request.tools, at="response.tools")
    if isinstance(request.prompt, Prompt) and request.prompt.variables:
        check_size(request.prompt.variables, at="response.prompt.variables")


def _items(
    request: ResponseRequest, *, config: SessionConfig, conversation: Conversation, new_id: NewId
) -> list[Item]:
    if request.input is UNSET:
        return [item for item in conversation if not item.is_forgotten]
    items = []
    for index, value in enumerate(request.input):
        at = f"response.input[{index}]"
        parsed = parse_input_item(value, at=at)
        if isinstance(parsed, ItemReference):
            items.append(_referenced(parsed, conversation, at))
        else:
            items.append(
                build_item(
                    parsed,
                    new_id=new_id,
                    user_format=config.input_format,
                    reply_format=config.output_format,
                )
            )
    return items


def _referenced(reference: ItemReference, conversation: Conversation, at: str) -> Item:
    item = conversation.find(reference.id)
    if item is None:
        message = f"Error creating response: item with id '{reference.id}' does not exist."
        raise RefusedError(code="response_create_invalid_item_id", message=message, param=f"{at}.id")
    return item


def _modality(request: ResponseRequest, config: SessionConfig) -> Modality:
    if request.output_modalities is UNSET:
        return config.modality
    return Modality(modality_from(request.output_modalities, at="response.output_modalities"))


def _voice(request: ResponseRequest, config: SessionConfig) -> str:
    voice = request.audio.output.voice
    return config.voice if voice is UNSET else voice_from(voice, at="response.audio.output.voice")


def _output_format(request: ResponseRequest, config: SessionConfig) -> AudioFormat:
    wire = request.audio.output.format
    return config.output_format if wire is UNSET else format_from(wire)


def _parallel_tool_calls(request: ResponseRequest, config: SessionConfig) -> bool:
    asked = request.parallel_tool_calls
    return config.parallel_tool_calls if asked is UNSET else asked


def _max_output_tokens(request: ResponseRequest, config: SessionConfig) -> int | None:
    asked = request.max_output_tokens
    if asked is UNSET:
        return config.max_output_tokens
    return None if asked == "inf" else asked


def _tool_choice(choice: ToolChoice) -> tuple[str, str | None]:
    match choice:
        case "none" | "auto" | "required":
            return choice, None
        case FunctionChoice():
            return "function", choice.name
        case MCPChoice():
            # No MCP server is ever called, so there is nothing to be forced.
            return "auto", None
        case _:
            assert_never(choice)


def _function(tool: FunctionToolObject) -> FunctionTool:
    parameters: Mapping[str, Any] | UnsetType | None = tool.parameters
    return FunctionTool(
        name=tool.name,
        description=tool.description or "",
        parameters=parameters or {},
    )
