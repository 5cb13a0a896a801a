"""Who decides what the sandbox answers: the port, and the brain that is built in.

The built-in one is deterministic and pretends nothing: it says that it is a sandbox, and does what shows that the
whole chain works: repeat, count, spell, tell the time, call a tool, speak a tool's result, answer what is known.

Errors::

    BrainError      a brain cannot answer, and says why
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Protocol, runtime_checkable

import msgspec

from limi.kernel.clock import Clock
from limi.protocol import ContextItem, FunctionTool, GenerationRequest, ItemType, Role
from limi.sandbox.answering import skills
from limi.sandbox.answering.known_answers import KnownAnswers
from limi.sandbox.answering.tools import arguments_for, fitting_tool

__all__ = [
    "Brain",
    "BrainError",
    "BuiltInBrain",
    "CallFunction",
    "Closable",
    "Reply",
    "Say",
    "sorry_not_understood",
]


class BrainError(Exception):
    """A brain cannot answer; the response fails with this code and this message, which its client sees."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Say:
    """Words, a sentence or several, or in a text response any piece of them."""

    text: str
    before: str = " "
    """What stands between these words and those said before them in the same message."""


@dataclass(frozen=True, slots=True)
class CallFunction:
    """A function for the client to run."""

    name: str
    arguments: str
    """JSON text of an object."""


Reply = Say | CallFunction


class Brain(Protocol):
    """Answers a conversation."""

    def reply(self, request: GenerationRequest) -> AsyncGenerator[Reply, None]:
        """Yield the answer, piece by piece.

        Args:
            request: The conversation and its settings. Every user's message has a text: what was typed or
                recognised; text in round brackets is a remark about speech that was not understood.

        Raises:
            BrainError: When there is no answer.
        """


@runtime_checkable
class Closable(Protocol):
    """What a brain may be besides: something that holds connections, which the sandbox closes when it stops."""

    async def close(self) -> None:
        """Stop for good; may be called twice."""


_INTRODUCTION: Final = "This is the Limi sandbox, not a model of OpenAI."
_MANY_MEMBERS: Final = 12
"""Members of a result that are spoken one by one; nobody wants to hear more of them."""


class BuiltInBrain:
    """Answers without any model, the same way every time."""

    def __init__(self, *, clock: Clock, answers: Mapping[str, str] = MappingProxyType({})) -> None:
        """Make a brain.

        Args:
            clock: What it tells the time by, in UTC.
            answers: Questions and what to say to them; a question may be put in other words, if most are the same.
        """
        self._clock = clock
        self._answers = KnownAnswers(answers)

    async def reply(self, request: GenerationRequest) -> AsyncGenerator[Reply, None]:
        """Yield the answer; see `Brain.reply`."""
        for piece in self._reply(request):
            yield piece

    def _reply(self, request: GenerationRequest) -> Iterator[Reply]:
        outputs = _unanswered_outputs(request.context)
        heard = request.last_user_item
        words = heard.text if heard is not None else ""
        if outputs:
            yield from (Say(_result(request.context, output)) for output in outputs)
        elif tool := _tool_to_call(request, words):
            yield CallFunction(tool.name, arguments_for(tool, words))
        else:
            said_last = _said_last(request.context)
            if said_last is None:
                yield Say(_INTRODUCTION)
            yield Say(sorry_not_understood(request) or self._answer(words.strip(), said_last))

    def _answer(self, words: str, said_last: str | None) -> str:
        if not words:
            return skills.HELLO
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        # Who wants something said or spelt may name anything in it, so these come before what is named.
        found = (
            skills.say_again(words, said_last)
            or skills.repeat_after_me(words)
            or skills.spell(words)
            or self._answers.find(words)
            or skills.identity(words)
            or skills.help_wanted(words)
            or skills.sound_check(words)
            or skills.tell_time(words, now)
            or skills.tell_date(words, now)
            or skills.count(words)
            or skills.greeting(words)
            or skills.thanks(words)
            or skills.farewell(words)
        )
        return found or f"You said: {words}"


def sorry_not_understood(request: GenerationRequest) -> str | None:
    """Return what to say to a user whose words nobody could make out, or None when there are words."""
    heard = request.last_user_item
    if heard is None or not heard.audio_ms or _unanswered_outputs(request.context):
        return None
    if not heard.text.strip():
        return "I heard something, but no words. Could you say that again?"
    if not heard.text.startswith("("):
        return None
    return (
        f"I heard {heard.audio_ms / 1000:.1f} seconds of speech, but I cannot understand words. I am sorry! "
        "Please type to me, or install Limi's speech parts."
    )


def _tool_to_call(request: GenerationRequest, words: str) -> FunctionTool | None:
    if request.tool_choice == "none" or not request.tools:
        return None
    if request.forced_tool is not None:
        return next((tool for tool in request.tools if tool.name == request.forced_tool), None)
    return fitting_tool(request.tools, words) or (request.tools[0] if request.tool_choice == "required" else None)


def _unanswered_outputs(context: tuple[ContextItem, ...]) -> list[ContextItem]:
    outputs: list[ContextItem] = []
    for item in reversed(context):
        if item.role in {Role.USER, Role.ASSISTANT}:
            break
        if item.type is ItemType.FUNCTION_CALL_OUTPUT:
            outputs.insert(0, item)
    return outputs


def _result(context: tuple[ContextItem, ...], output: ContextItem) -> str:
    names = {item.call_id: item.name for item in context if item.type is ItemType.FUNCTION_CALL}
    name = (names.get(output.call_id) or "tool").replace("_", " ")
    return f"The {name} says: {_spoken(output.output or '')}"


def _spoken(output: str) -> str:
    """Return a result as one would read it out: the members of a flat JSON object without its signs."""
    try:
        members = msgspec.json.decode(output, type=dict[str, str | int | float | bool | None])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return output
    if not 0 < len(members) <= _MANY_MEMBERS:
        return output
    values = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in members.items()
    }
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in values.items())


def _said_last(context: tuple[ContextItem, ...]) -> str | None:
    """Return what the assistant said last, or None when it has not been there yet."""
    said = [item.text for item in context if item.role is Role.ASSISTANT]
    return said[-1] if said else None
