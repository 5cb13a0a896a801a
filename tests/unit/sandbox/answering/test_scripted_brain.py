import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from limi.protocol import ContextItem, FunctionTool, GenerationRequest, ItemType, Role
from limi.sandbox.answering.brain import BrainError, CallFunction, Reply, Say
from limi.sandbox.answering.scripted_brain import ScriptedBrain
from limi.sandbox.scripts import parse_script

MakeRequest = Callable[..., GenerationRequest]
Perform = Callable[..., Any]


class _Other:
    """The brain behind a script."""

    def __init__(self) -> None:
        self.closed = False

    async def reply(self, request: GenerationRequest) -> AsyncGenerator[Reply, None]:  # noqa: ARG002 - the port's
        yield Say("Something else.")

    async def close(self) -> None:
        self.closed = True


def _said(text: str, role: Role = Role.USER) -> ContextItem:
    return ContextItem(id="item", type=ItemType.MESSAGE, role=role, text=text)


def _called(name: str, call_id: str) -> ContextItem:
    return ContextItem(id="item", type=ItemType.FUNCTION_CALL, name=name, call_id=call_id, arguments="{}")


def _returned(call_id: str, output: str) -> ContextItem:
    return ContextItem(id="item", type=ItemType.FUNCTION_CALL_OUTPUT, call_id=call_id, output=output)


_WEATHER = FunctionTool(name="get_weather", description="", parameters={})
_BEEP = FunctionTool(name="beep", description="", parameters={})


@pytest.fixture
def perform(clock: Any, make_request: MakeRequest) -> Perform:
    """Ask a script for one response."""

    async def perform(script: str, *context: ContextItem, **changes: Any) -> list[Reply]:
        brain = ScriptedBrain(script=parse_script(script, source="s.yaml"), otherwise=_Other(), sleep=clock.sleep)
        request = make_request(*context, **{"tools": (_WEATHER, _BEEP), **changes})
        return [reply async for reply in brain.reply(request)]

    return perform


_TWO = "turns:\n- {user: hello, assistant: Hi!}\n- {user: {contains: bye}, assistant: So long.}\n"


async def test_the_first_turn_that_fits_answers(perform: Perform) -> None:
    assert await perform(_TWO, _said("Hello!")) == [Say("Hi!")]
    assert await perform(_TWO, _said("Bye, dear")) == [Say("So long.")]
    assert await perform(_TWO, _said("Bye, dear"), _said("Hi!", Role.ASSISTANT), _said("hello")) == [Say("Hi!")]


async def test_what_no_turn_is_for_goes_to_the_brain_behind(perform: Perform) -> None:
    assert await perform(_TWO, _said("The fox")) == [Say("Something else.")]
    assert await perform(_TWO) == [Say("Something else.")]


async def test_what_no_turn_is_for_fails_where_the_script_wants_it(perform: Perform) -> None:
    with pytest.raises(BrainError) as caught:
        await perform(_TWO + "otherwise: fail", _said("The fox"))
    assert caught.value.code == "script_has_no_turn"
    assert str(caught.value) == (
        's.yaml: there is no turn left for "The fox"; the script has: "hello" (line 2); '
        'something with "bye" (line 3).'
    )
    with pytest.raises(BrainError, match="the beginning, before anybody has spoken"):
        await perform(_TWO + "otherwise: fail")


async def test_an_assistant_may_speak_first(perform: Perform) -> None:
    script = "turns:\n- {user: nothing, assistant: Welcome!}\n- {user: any, assistant: Well.}"
    assert await perform(script) == [Say("Welcome!")]
    assert await perform(script, _said("hello")) == [Say("Well.")]


async def test_a_turn_is_used_no_more_often_than_it_says(perform: Perform) -> None:
    script = "turns:\n- {user: a, assistant: One, times: 2}\n- {user: a, assistant: Two}"
    assert await perform(script, _said("a"), _said("a")) == [Say("One")]
    assert await perform(script, _said("a"), _said("b"), _said("a"), _said("a")) == [Say("Two")]


_IN_ORDER = """
order: given
turns:
- {user: nothing, assistant: Welcome!}
- {user: any, assistant: First}
- {user: {contains: again}, assistant: Second, times: 2}
- {user: any, assistant: Third}
"""


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ([], "Welcome!"),
        (["a"], "First"),
        (["a", "again"], "Second"),
        (["a", "again", "again"], "Second"),
        (["a", "again", "again", "z"], "Third"),
        (["a", "never foreseen"], "Something else."),
        (["a", "never foreseen", "again"], "Second"),
        (["a", "again", "again", "z", "more"], "Something else."),
    ],
)
async def test_turns_in_order_come_one_after_the_other(perform: Perform, said: list[str], answer: str) -> None:
    assert await perform(_IN_ORDER, *map(_said, said)) == [Say(answer)]


async def test_metadata_chooses_a_turn(perform: Perform) -> None:
    script = "turns:\n- {metadata: {topic: mood}, assistant: happy}\n- {user: any, assistant: Hi}"
    assert await perform(script, _said("a"), metadata={"topic": "mood", "more": "1"}) == [Say("happy")]
    assert await perform(script, _said("a"), metadata={"topic": "price"}) == [Say("Hi")]
    assert await perform(script, _said("a")) == [Say("Hi")]


async def test_waiting_is_by_the_sandboxs_own_clock(perform: Perform, clock: Any) -> None:
    script = "turns:\n- {user: any, assistant: [{wait_seconds: 600}, One., {wait_seconds: 0.5}, Two.]}"
    assert await perform(script, _said("a")) == [Say("One."), Say("Two.")]
    assert clock.slept == [600.0, 0.5]


_TOOLS = r"""
turns:
- user: {matches: 'weather in (?P<city>\w+)'}
  assistant:
    - Let me look.
    - {call: get_weather, arguments: {city: '{city}'}}
    - call: beep
    - It is {results.get_weather.sky} in {city}, and the beeper said {result}.
    - call: beep
    - Done.
"""
_ASKED = _said("What's the weather in Rome?")
_FIRST = (_ASKED, _said("Let me look.", Role.ASSISTANT), _called("get_weather", "c1"), _called("beep", "c2"))
_RESULTS = (_returned("c1", json.dumps({"sky": "blue"})), _returned("c2", "peep"))


async def test_calls_side_by_side_end_a_response(perform: Perform) -> None:
    replies = await perform(_TOOLS, _ASKED)
    assert replies == [
        Say("Let me look."),
        CallFunction("get_weather", '{"city":"Rome"}'),
        CallFunction("beep", "{}"),
    ]


async def test_what_stands_behind_calls_follows_their_results(perform: Perform) -> None:
    replies = await perform(_TOOLS, *_FIRST, *_RESULTS)
    assert replies == [Say("It is blue in Rome, and the beeper said peep."), CallFunction("beep", "{}")]
    rest = await perform(_TOOLS, *_FIRST, *_RESULTS, _called("beep", "c3"), _returned("c3", "peep"))
    assert rest == [Say("Done.")]


async def test_a_response_that_was_cut_off_between_its_calls_begins_again(perform: Perform) -> None:
    replies = await perform(_TOOLS, *_FIRST[:3], _returned("c1", "{}"))
    assert replies[0] == Say("Let me look.")


async def test_a_turn_that_ends_with_its_calls_leaves_their_results_to_others(perform: Perform) -> None:
    script = "turns:\n- {user: any, assistant: {call: beep}}\n"
    context = (_said("a"), _called("beep", "c1"), _returned("c1", "peep"))
    assert await perform(script, *context) == [Say("Something else.")]
    with pytest.raises(BrainError, match="the turn of line 2 says nothing after its calls have returned"):
        await perform(script + "otherwise: fail", *context)


@pytest.mark.parametrize(
    ("context", "changes", "reason"),
    [
        ([_ASKED], {"tools": (_BEEP,)}, "calls get_weather, which is not among the session's tools: beep"),
        ([_ASKED], {"tools": ()}, "not among the session's tools: none"),
        ([_ASKED], {"tool_choice": "none"}, "this response's tool_choice is none"),
        ([*_FIRST, _returned("c2", "peep")], {}, "get_weather has returned nothing yet"),
        ([*_FIRST, _returned("c1", "{}"), _returned("c2", "x")], {}, 'there is no "sky" in the result {}'),
    ],
)
async def test_a_turn_that_cannot_go_on_says_why_and_where(
    perform: Perform, context: list[ContextItem], changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BrainError) as caught:
        await perform(_TOOLS, *context, **changes)
    assert caught.value.code == "script_cannot_go_on"
    assert str(caught.value).startswith("s.yaml, the turn of line 3: ")
    assert reason in str(caught.value)


async def test_a_script_may_fail_on_purpose_behind_some_words(clock: Any, make_request: MakeRequest) -> None:
    script = parse_script(
        "turns:\n- {user: any, assistant: [Well., {fail: {code: rate_limited, message: Slow.}}]}"
    )
    brain = ScriptedBrain(script=script, otherwise=_Other(), sleep=clock.sleep)
    replies = brain.reply(make_request(_said("a")))
    assert await anext(replies) == Say("Well.")
    with pytest.raises(BrainError, match="Slow") as caught:
        await anext(replies)
    assert caught.value.code == "rate_limited"


async def test_the_brain_behind_is_closed_too(clock: Any) -> None:
    other = _Other()
    await ScriptedBrain(script=parse_script(_TWO), otherwise=other, sleep=clock.sleep).close()
    assert other.closed


_SIDE_BY_SIDE = """
turns:
- user: go
  assistant:
  - call: get_weather
  - call: beep
  - Done.
"""


async def test_calls_side_by_side_go_out_one_by_one_where_the_client_wants_that(perform: Perform) -> None:
    weather, beep = CallFunction("get_weather", "{}"), CallFunction("beep", "{}")
    assert await perform(_SIDE_BY_SIDE, _said("go")) == [weather, beep]
    assert await perform(_SIDE_BY_SIDE, _said("go"), parallel_tool_calls=False) == [weather]
    first = (_said("go"), _called("get_weather", "1"), _returned("1", "sun"))
    assert await perform(_SIDE_BY_SIDE, *first, parallel_tool_calls=False) == [beep]
    both = (*first, _called("beep", "2"), _returned("2", "beep"))
    assert await perform(_SIDE_BY_SIDE, *both, parallel_tool_calls=False) == [Say("Done.")]
