"""Runs the tools that an answer asks for, and hands their results back."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from limi_client.voice._events import ToolCalled, ToolFinished, VoiceEvent
from limi_client.voice._tools import Tool

__all__ = ["Toolbox", "calls_in"]


class Toolbox:
    """The tools of one conversation."""

    def __init__(
        self, tools: Sequence[Tool], *, timeout_seconds: float, emit: Callable[[VoiceEvent], None]
    ) -> None:
        """Hold the tools; nothing runs yet."""
        self._tools = {tool.name: tool for tool in tools}
        self._timeout_seconds = timeout_seconds
        self._emit = emit

    async def run_all(self, calls: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Run what one answer asked for, side by side; return the items that tell the results, in its order."""
        outputs = await asyncio.gather(*(self._run(call) for call in calls))
        return [
            {"type": "function_call_output", "call_id": call.get("call_id"), "output": output}
            for call, output in zip(calls, outputs, strict=True)
        ]

    async def _run(self, call: Mapping[str, Any]) -> str:
        name = str(call.get("name"))
        try:
            arguments = json.loads(call.get("arguments") or "{}")
        except (TypeError, ValueError):
            arguments = None
        if not isinstance(arguments, dict):
            return self._failed(name, ValueError(f"the arguments of {name} are no JSON object"))
        self._emit(ToolCalled(name, arguments))
        tool = self._tools.get(name)
        if tool is None:
            return self._failed(name, LookupError(f"there is no tool {name}"))
        try:
            output = await asyncio.wait_for(tool.run(arguments), self._timeout_seconds)
        except Exception as exc:  # noqa: BLE001 - whatever a user's function raises must not end the conversation
            return self._failed(name, exc)
        self._emit(ToolFinished(name, output))
        return output

    def _failed(self, name: str, error: Exception) -> str:
        # The model is told that it failed and not why: an exception's text may hold what no caller is to hear.
        timed_out = isinstance(error, asyncio.TimeoutError)
        output = json.dumps({"error": "The tool took too long." if timed_out else "The tool failed."})
        self._emit(ToolFinished(name, output, error))
        return output


def calls_in(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the calls of functions that a finished response asks for."""
    if response.get("status") != "completed":
        return []
    output = response.get("output")
    items = output if isinstance(output, list) else []
    return [item for item in items if isinstance(item, dict) and item.get("type") == "function_call"]
