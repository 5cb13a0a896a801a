"""Turns a realtime conversation into the body of a chat completion."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from limi.protocol import ContextItem, FunctionTool, GenerationRequest, ItemType, Modality, Role

__all__ = ["chat_body"]

_SPOKEN: Final = "Your answer is read aloud: use plain sentences, without lists, headings, tables, code or emoji."
"""Models write Markdown unless told otherwise, and a voice reads asterisks."""
_NO_RESULT: Final = "(no result yet)"
"""Chat endpoints refuse a call without an answer, but a user may speak while the client is still at work."""


def chat_body(request: GenerationRequest, *, model: str) -> dict[str, Any]:
    """Return the JSON body that asks for the next message of a conversation, as a stream."""
    body: dict[str, Any] = {"model": model, "stream": True, "messages": _messages(request)}
    if request.max_output_tokens is not None:
        body["max_tokens"] = request.max_output_tokens
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = _tool_choice(request)
        if not request.parallel_tool_calls:
            # Left out otherwise: it is what endpoints do by themselves, and some do not know the member.
            body["parallel_tool_calls"] = False
    return body


def _messages(request: GenerationRequest) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    spoken = _SPOKEN if request.modality is Modality.AUDIO else ""
    if instructions := "\n\n".join(filter(None, (request.instructions, spoken))):
        messages.append({"role": "system", "content": instructions})
    outputs = {item.call_id: item.output or "" for item in request.context if _is_output(item)}
    calls: list[ContextItem] = []
    for item in request.context:
        if item.type is ItemType.FUNCTION_CALL:
            calls.append(item)
            continue
        # A result between two calls of one answer does not part them: each of them is followed by its own anyway.
        if not _is_output(item):
            _add_calls(messages, calls, outputs)
            calls = []
        if item.type is ItemType.MESSAGE and item.role is not None and item.text.strip():
            messages.append({"role": item.role.value, "content": item.text})
    _add_calls(messages, calls, outputs)
    return messages


def _is_output(item: ContextItem) -> bool:
    return item.type is ItemType.FUNCTION_CALL_OUTPUT


def _add_calls(
    messages: list[dict[str, Any]], calls: Sequence[ContextItem], outputs: Mapping[str | None, str]
) -> None:
    """Add calls to what was said before them, and behind them each result, where chat endpoints want it."""
    if not calls:
        return
    if not messages or messages[-1]["role"] != Role.ASSISTANT.value:
        messages.append({"role": Role.ASSISTANT.value, "content": None})
    messages[-1]["tool_calls"] = [_call(item) for item in calls]
    for item in calls:
        output = outputs.get(item.call_id, _NO_RESULT)
        messages.append({"role": "tool", "tool_call_id": item.call_id, "content": output})


def _call(item: ContextItem) -> dict[str, Any]:
    function = {"name": item.name, "arguments": item.arguments or "{}"}
    return {"id": item.call_id, "type": "function", "function": function}


def _tool(tool: FunctionTool) -> dict[str, Any]:
    parameters = dict(tool.parameters) or {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def _tool_choice(request: GenerationRequest) -> Any:  # noqa: ANN401 - a word, or an object with a name
    if request.forced_tool is not None:
        return {"type": "function", "function": {"name": request.forced_tool}}
    return request.tool_choice
