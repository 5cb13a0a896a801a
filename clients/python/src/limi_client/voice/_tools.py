"""Functions that the assistant may call."""

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Tool", "tool"]

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
"""OpenAI's own rule for names of functions."""
_NO_PARAMETERS: Final[Mapping[str, Any]] = {"type": "object", "properties": {}}

ToolFunction = Callable[..., Any] | Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Tool:
    """A function with what the model must know of it.

    Raises:
        ValueError: The name breaks OpenAI's rule, or the parameters are no schema of an object.
    """

    name: str
    """1–64 of `A–Z a–z 0–9 _ -`."""
    description: str
    """What it does and when to call it: the model decides by this."""
    parameters: Mapping[str, Any]
    """The arguments, as JSON schema of an object."""
    function: ToolFunction
    """Is called with the arguments by name. One that is not `async` runs in a thread."""

    def __post_init__(self) -> None:
        """Check what the server would refuse later, in other words."""
        if not _NAME.match(self.name):
            raise ValueError(f"name: must be 1–64 characters of A–Z a–z 0–9 _ -, not {self.name!r}")
        if self.parameters.get("type") != "object":
            raise ValueError(f"parameters: the schema of tool {self.name!r} must be of type object")

    def as_sent(self) -> dict[str, Any]:
        """Return it as the server is told of it."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.parameters),
        }

    async def run(self, arguments: Mapping[str, Any]) -> str:
        """Call the function and return its result as the model reads it: text as it is, all else as JSON.

        Raises:
            Exception: Whatever the function raises; TypeError when its result is no JSON.
        """
        if inspect.iscoroutinefunction(self.function):
            result = await self.function(**arguments)
        else:
            result = await asyncio.to_thread(self.function, **arguments)
            if inspect.isawaitable(result):
                result = await result
        return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


def tool(
    *, parameters: Mapping[str, Any] | None = None, name: str | None = None, description: str | None = None
) -> Callable[[ToolFunction], Tool]:
    """Make a tool of a function; its name and the first line of its docstring are what is not given.

    Example:
        @tool(parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
        def get_weather(city: str) -> dict[str, object]:
            "Tells the weather of a city."
            return {"sky": "blue", "degrees": 21}
    """

    def made(function: ToolFunction) -> Tool:
        documented = (inspect.getdoc(function) or "").partition("\n")[0]
        own_name = str(getattr(function, "__name__", "tool"))
        return Tool(name or own_name, description or documented, parameters or _NO_PARAMETERS, function)

    return made
