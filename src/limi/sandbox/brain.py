"""Who decides what the sandbox answers: the port, and the brain that is built in.

The built-in one is deterministic and pretends nothing: it says that it is a sandbox, and does what shows that the
whole chain works — repeat, count, tell the time, call a tool, speak a tool's result, answer from a given table.
"""

import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType
from typing import Final, Protocol

from limi.kernel.clock import Clock
from limi.protocol import ContextItem, FunctionTool, GenerationRequest, ItemType, Role
from limi.sandbox.tools import arguments_for, fitting_tool
from limi.sandbox.words import content_words

__all__ = ["Brain", "BuiltInBrain", "CallFunction", "Reply", "Say"]


@dataclass(frozen=True, slots=True)
class Say:
    """Words, a sentence or several."""

    text: str


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
        """


_INTRODUCTION: Final = "This is the Limi sandbox, not a model of OpenAI."
_IDENTITY: Final = "I am the Limi sandbox. I repeat, count, tell the time and call your tools, without any model."
_HELLO: Final = "Hello! Say or type something, and I repeat it."
_GREETINGS: Final = frozenset({"hello", "hi", "hey", "greetings"})
_GREETING_WORDS: Final = 3
"""A longer sentence that begins with hello says something else as well."""
_LARGEST_COUNT: Final = 100
"""A minute of speech."""
_ASKS_TIME: Final = re.compile(r"\bwhat(?:'s|\s+is)?\s+(?:the\s+)?time\b|\btell\b.*\btime\b", re.IGNORECASE)
_ASKS_IDENTITY: Final = re.compile(r"\b(?:who|what)\s+are\s+you\b", re.IGNORECASE)
_SIMILAR: Final = 0.5
"""The share of words that a known question and what was said must have in common to count as the same."""


class BuiltInBrain:
    """Answers without any model, the same way every time."""

    def __init__(self, *, clock: Clock, answers: Mapping[str, str] = MappingProxyType({})) -> None:
        """Make a brain.

        Args:
            clock: What it tells the time by, in UTC.
            answers: Questions and what to say to them; a question may be put in other words, if most are the same.
        """
        self._clock = clock
        self._answers = [(content_words(asked), answer) for asked, answer in answers.items()]

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
            if not any(item.role is Role.ASSISTANT for item in request.context):
                yield Say(_INTRODUCTION)
            yield Say(self._answer(heard))

    def _answer(self, heard: ContextItem | None) -> str:
        if heard is None or not heard.text.strip():
            return _HELLO
        if heard.audio_ms and heard.text.startswith("("):
            return f"I heard {heard.audio_ms / 1000:.1f} seconds of speech, but I cannot understand words."
        for skill in (self._known_answer, _identity, self._time, _count, _greeting):
            if (answer := skill(heard.text)) is not None:
                return answer
        return f"You said: {heard.text.strip()}"

    def _known_answer(self, words: str) -> str | None:
        said = content_words(words)
        scores = ((_similarity(said, known), answer) for known, answer in self._answers)
        best, answer = max(scores, key=lambda pair: pair[0], default=(0.0, None))
        return answer if best >= _SIMILAR else None

    def _time(self, words: str) -> str | None:
        if not _ASKS_TIME.search(words):
            return None
        return f"It is {datetime.fromtimestamp(self._clock.now(), UTC):%H:%M} universal time."


def _identity(words: str) -> str | None:
    return _IDENTITY if _ASKS_IDENTITY.search(words) else None


def _greeting(words: str) -> str | None:
    spoken = words.lower().split()
    return _HELLO if len(spoken) <= _GREETING_WORDS and not _GREETINGS.isdisjoint(map(_bare, spoken)) else None


def _bare(word: str) -> str:
    return word.strip(".,!?")


def _count(words: str) -> str | None:
    if not re.search(r"\bcount\b", words, re.IGNORECASE):
        return None
    numbers = [int(digits) for digits in re.findall(r"\d{1,6}", words)]
    first, last = (1, *numbers)[-2:] if numbers else (1, 10)
    step = 1 if last >= first else -1
    counted = islice(range(first, last + step, step), _LARGEST_COUNT)
    return ", ".join(map(str, counted)) + "."


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
    return f"The {name} says: {output.output}"


def _similarity(said: frozenset[str], known: frozenset[str]) -> float:
    return len(said & known) / max(len(said | known), 1)
