"""What is asked of whoever generates a response: a frozen view of the session at that moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.session_config import Modality

__all__ = ["ContextItem", "FunctionTool", "GenerationRequest", "ItemType", "Role"]


class ItemType(StrEnum):
    """The kinds of items a conversation is made of."""

    MESSAGE = "message"
    FUNCTION_CALL = "function_call"
    FUNCTION_CALL_OUTPUT = "function_call_output"
    MCP_LIST_TOOLS = "mcp_list_tools"
    MCP_CALL = "mcp_call"
    MCP_APPROVAL_REQUEST = "mcp_approval_request"
    MCP_APPROVAL_RESPONSE = "mcp_approval_response"


class Role(StrEnum):
    """Who speaks in a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextItem:
    """One item of the context; members that its type does not have are None or empty."""

    id: str
    type: ItemType
    role: Role | None = None
    text: str = ""
    """Typed text and known transcripts, in order, one a line."""
    audio: bytes | None = None
    """The user's speech in `audio_format`, unless it was too long ago to be kept."""
    audio_format: AudioFormat | None = None
    audio_ms: int = 0
    name: str | None = None
    call_id: str | None = None
    arguments: str | None = None
    output: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTool:
    """A function the client can run."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """A JSON schema; empty when the client gave none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """Everything a generator may know."""

    model: str
    instructions: str
    modality: Modality
    voice: str
    speed: float
    output_format: AudioFormat
    """The format in which `audio_chunk` expects its bytes; the session converts nothing."""
    tools: tuple[FunctionTool, ...]
    tool_choice: str
    """`auto`, `none`, `required`, or `function`, which goes with `forced_tool`."""
    forced_tool: str | None
    parallel_tool_calls: bool = True
    """Whether one response may call several functions."""
    max_output_tokens: int | None
    """None means as many as there are; the session ends the response when it passes them."""
    metadata: Mapping[str, str] | None
    context: tuple[ContextItem, ...]
    """The conversation in order, or what the client gave in its place."""
    out_of_band: bool

    @property
    def last_user_item(self) -> ContextItem | None:
        """The newest message of the user, or None."""
        return next((item for item in reversed(self.context) if item.role is Role.USER), None)
