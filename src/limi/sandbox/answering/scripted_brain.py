"""The brain that says what a script tells it to.

It remembers nothing. Which turn is due follows from the conversation it is handed: each message of the user's
takes one turn, and what was called since the last of them says how far that turn has come. So an item that a
client deletes is forgotten here too, and sessions cannot disturb one another.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import takewhile

from limi.protocol import ContextItem, GenerationRequest, ItemType, Role
from limi.sandbox.answering.brain import Brain, BrainError, CallFunction, Closable, Reply, Say
from limi.sandbox.scripts import model
from limi.sandbox.scripts.matching import Nothing
from limi.sandbox.scripts.model import Otherwise, Script, Step, Turn
from limi.sandbox.scripts.templates import Filling, UnfilledError

__all__ = ["ScriptedBrain"]


class ScriptedBrain:
    """Answers by a script."""

    def __init__(self, *, script: Script, otherwise: Brain, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Make a brain.

        Args:
            script: What to say.
            otherwise: Answers what the script has no turn for, where the script does not want that to fail.
            sleep: How it waits.
        """
        self._script = script
        self._otherwise = otherwise
        self._sleep = sleep

    async def reply(self, request: GenerationRequest) -> AsyncGenerator[Reply, None]:
        """Yield the answer; see `Brain.reply`.

        Raises:
            BrainError: With `script_has_no_turn` when the script shall fail on what it does not know; with
                `script_cannot_go_on` when its turn does not fit the session's tools or a function's result; and
                with a code of the script's own where it says so.
        """
        due = _turn_due(self._script, request)
        steps = _steps_due(due.turn, request) if due is not None else None
        if due is not None and steps is not None:
            answer = self._perform(due, steps, request)
        elif self._script.otherwise is Otherwise.BRAIN:
            answer = self._otherwise.reply(request)
        else:
            raise _no_turn(self._script, request, due)
        async with aclosing(answer) as replies:
            async for reply in replies:
                yield reply

    async def close(self) -> None:
        """Close the brain behind it."""
        if isinstance(self._otherwise, Closable):
            await self._otherwise.close()

    async def _perform(
        self, due: "_Due", steps: Sequence[Step], request: GenerationRequest
    ) -> AsyncGenerator[Reply, None]:
        filling = Filling(words=_words(request) or "", taken=due.taken, results=_results(request.context))
        try:
            for step in steps:
                match step:
                    case model.Wait(seconds):
                        await self._sleep(seconds)
                    case model.Say(words):
                        yield Say(words.fill(filling))
                    case model.Call(name, arguments):
                        self._check_tool(name, due.turn, request)
                        yield CallFunction(name, arguments.fill(filling))
                    case model.Fail(code, message):
                        raise BrainError(code, message)
        except UnfilledError as error:
            raise self._stuck(due.turn, str(error)) from None

    def _check_tool(self, name: str, turn: Turn, request: GenerationRequest) -> None:
        names = [tool.name for tool in request.tools]
        if request.tool_choice == "none":
            raise self._stuck(turn, f"it calls {name}, but this response's tool_choice is none")
        if name not in names:
            known = ", ".join(names) or "none"
            raise self._stuck(turn, f"it calls {name}, which is not among the session's tools: {known}")

    def _stuck(self, turn: Turn, reason: str) -> BrainError:
        return BrainError("script_cannot_go_on", f"{self._script.source}, the turn of line {turn.line}: {reason}.")


@dataclass(frozen=True, slots=True)
class _Due:
    turn: Turn
    taken: Mapping[str, str]


def _turn_due(script: Script, request: GenerationRequest) -> _Due | None:
    """Return the turn for the newest message, after those before it have used theirs."""
    said: list[str | None] = [item.text for item in request.context if item.role is Role.USER]
    said = said or [None]
    counted = script.in_order or any(turn.times is not None for turn in script.turns)
    course = _Course(script)
    for words in said[:-1] if counted else ():
        course.take(words, {})
    return course.take(said[-1], request.metadata or {})


class _Course:
    """The turns of a script that one conversation has used."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._used: Counter[int] = Counter()
        self._next = 0

    def take(self, words: str | None, metadata: Mapping[str, str]) -> _Due | None:
        """Use the turn that is for `words`, where there is one."""
        return self._take_next(words) if self._script.in_order else self._take_any(words, metadata)

    def _take_any(self, words: str | None, metadata: Mapping[str, str]) -> _Due | None:
        for number, turn in enumerate(self._script.turns):
            if turn.times is not None and self._used[number] >= turn.times:
                continue
            taken = turn.user.taken(words)
            if taken is not None and turn.metadata.items() <= metadata.items():
                self._used[number] += 1
                return _Due(turn, taken)
        return None

    def _take_next(self, words: str | None) -> _Due | None:
        turns = self._script.turns
        # A greeting that nobody asked for is over once the user has spoken.
        while self._next < len(turns) and words is not None and isinstance(turns[self._next].user, Nothing):
            self._next += 1
        if self._next == len(turns):
            return None
        turn = turns[self._next]
        taken = turn.user.taken(words)
        if taken is None:
            return None
        self._used[self._next] += 1
        if self._used[self._next] == turn.times:
            self._next += 1
        return _Due(turn, taken)


def _steps_due(turn: Turn, request: GenerationRequest) -> Sequence[Step] | None:
    """Return the steps of this response: up to the calls whose results the rest needs; None when all were made."""
    made = sum(item.type is ItemType.FUNCTION_CALL for item in _since_user(request.context))
    for steps in _by_response(turn.steps, parallel=request.parallel_tool_calls):
        calls = sum(isinstance(step, model.Call) for step in steps)
        if calls == 0 or calls > made:
            return steps
        made -= calls
    return None


def _by_response(steps: Sequence[Step], *, parallel: bool) -> list[list[Step]]:
    """Cut steps behind each run of calls, or behind each call where a response may make one only."""
    responses: list[list[Step]] = [[]]
    for step in steps:
        ended = bool(responses[-1]) and isinstance(responses[-1][-1], model.Call)
        if ended and not (parallel and isinstance(step, model.Call)):
            responses.append([])
        responses[-1].append(step)
    return responses


def _since_user(context: Sequence[ContextItem]) -> list[ContextItem]:
    return list(takewhile(lambda item: item.role is not Role.USER, reversed(context)))[::-1]


def _results(context: Sequence[ContextItem]) -> list[tuple[str, str]]:
    since = _since_user(context)
    names = {item.call_id: item.name or "" for item in since if item.type is ItemType.FUNCTION_CALL}
    return [
        (names.get(item.call_id, ""), item.output or "")
        for item in since
        if item.type is ItemType.FUNCTION_CALL_OUTPUT
    ]


def _words(request: GenerationRequest) -> str | None:
    heard = request.last_user_item
    return None if heard is None else heard.text


def _no_turn(script: Script, request: GenerationRequest, due: _Due | None) -> BrainError:
    words = _words(request)
    said = "the beginning, before anybody has spoken" if words is None else f'"{words}"'
    if due is not None:
        reason = f"the turn of line {due.turn.line} says nothing after its calls have returned"
    else:
        known = "; ".join(f"{turn.user} (line {turn.line})" for turn in script.turns)
        reason = f"there is no turn left for {said}; the script has: {known or 'no turns'}"
    return BrainError("script_has_no_turn", f"{script.source}: {reason}.")
