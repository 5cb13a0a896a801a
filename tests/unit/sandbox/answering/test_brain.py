from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from limi.protocol import ContextItem, FunctionTool, GenerationRequest, ItemType, Role
from limi.sandbox.answering.brain import BrainError, BuiltInBrain, CallFunction, Reply, Say, sorry_not_understood

User = Callable[..., ContextItem]
MakeTool = Callable[..., FunctionTool]
MakeRequest = Callable[..., GenerationRequest]

_EARLIER = ContextItem(id="item_0", type=ItemType.MESSAGE, role=Role.ASSISTANT, text="Hello!")


@pytest.fixture
def brain(clock: Any) -> BuiltInBrain:
    return BuiltInBrain(clock=clock, answers={"What is a leash in Limi?": "A limit on a running call."})


async def _replies(brain: BuiltInBrain, request: GenerationRequest) -> list[Reply]:
    return [reply async for reply in brain.reply(request)]


async def test_the_first_answer_says_that_this_is_a_sandbox(
    brain: BuiltInBrain, user: User, make_request: MakeRequest
) -> None:
    first, *_ = await _replies(brain, make_request(user("Hello")))
    assert isinstance(first, Say)
    assert "Limi sandbox" in first.text


async def test_an_empty_conversation_is_greeted(brain: BuiltInBrain, make_request: MakeRequest) -> None:
    replies = await _replies(brain, make_request())
    assert any(isinstance(reply, Say) and reply.text.startswith("Hello!") for reply in replies)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("The quick brown fox.", "You said: The quick brown fox."),
        ("Hi there!", "Hello! Say or type something, and I repeat it."),
        ("Please count to 5", "1, 2, 3, 4, 5."),
        ("Count from 3 to 1, please", "3, 2, 1."),
        ("Count for me", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10."),
        ("Count down from three", "3, 2, 1."),
        ("Tell me, what is a leash?", "A limit on a running call."),
        ("Repeat after me: what is a leash?", "what is a leash?"),
        ("Say that again", "Hello!"),
        ("Spell Limi", "L, I, M, I."),
        ("Goodbye", "Goodbye!"),
        ("(2.3 seconds of speech)", "You said: (2.3 seconds of speech)"),
    ],
)
async def test_words_are_answered(
    brain: BuiltInBrain, user: User, make_request: MakeRequest, words: str, answer: str
) -> None:
    assert await _replies(brain, make_request(_EARLIER, user(words))) == [Say(answer)]


async def test_counting_ends_even_when_told_to_go_far(
    brain: BuiltInBrain, user: User, make_request: MakeRequest
) -> None:
    (reply,) = await _replies(brain, make_request(_EARLIER, user("count to 999999")))
    assert isinstance(reply, Say)
    assert reply.text.endswith(" 100.")


async def test_the_time_comes_from_the_clock(
    brain: BuiltInBrain, clock: Any, user: User, make_request: MakeRequest
) -> None:
    (reply,) = await _replies(brain, make_request(_EARLIER, user("What's the time?")))
    assert reply == Say(f"It is {datetime.fromtimestamp(clock.now(), UTC):%H:%M} universal time.")


async def test_who_it_is_is_no_secret(brain: BuiltInBrain, user: User, make_request: MakeRequest) -> None:
    (reply,) = await _replies(brain, make_request(_EARLIER, user("Who are you?")))
    assert isinstance(reply, Say)
    assert "without any model" in reply.text


async def test_speech_that_was_not_understood_is_answered_with_its_length(
    brain: BuiltInBrain, user: User, make_request: MakeRequest
) -> None:
    heard = user("(2.3 seconds of speech)", audio_ms=2_300)
    (reply,) = await _replies(brain, make_request(_EARLIER, heard))
    assert isinstance(reply, Say)
    assert "2.3 seconds" in reply.text
    assert "I am sorry" in reply.text


async def test_sound_without_words_is_asked_for_again(
    brain: BuiltInBrain, user: User, make_request: MakeRequest
) -> None:
    request = make_request(_EARLIER, user("", audio_ms=900))
    assert await _replies(brain, request) == [Say("I heard something, but no words. Could you say that again?")]


async def test_the_date_comes_from_the_clock(
    brain: BuiltInBrain, clock: Any, user: User, make_request: MakeRequest
) -> None:
    (reply,) = await _replies(brain, make_request(_EARLIER, user("What day is it?")))
    today = datetime.fromtimestamp(clock.now(), UTC)
    assert reply == Say(f"It is {today:%A}, {today.day} {today:%B %Y}.")


async def test_a_fitting_tool_is_called_with_what_was_said(
    brain: BuiltInBrain, user: User, tool: MakeTool, make_request: MakeRequest
) -> None:
    weather = tool("get_weather", type="object", properties={"city": {"type": "string"}}, required=["city"])
    request = make_request(user("How is the weather in Rome?"), tools=(weather,))
    assert await _replies(brain, request) == [CallFunction("get_weather", '{"city":"Rome"}')]


@pytest.mark.parametrize(
    ("changes", "called"),
    [
        ({"tool_choice": "none"}, None),
        ({"tool_choice": "auto"}, "get_weather"),
        ({"tool_choice": "function", "forced_tool": "play_music"}, "play_music"),
    ],
)
async def test_the_tool_choice_is_obeyed(
    brain: BuiltInBrain, user: User, tool: MakeTool, make_request: MakeRequest, changes: Any, called: str | None
) -> None:
    tools = (tool("get_weather"), tool("play_music"))
    replies = await _replies(brain, make_request(_EARLIER, user("The weather?"), tools=tools, **changes))
    assert [reply.name for reply in replies if isinstance(reply, CallFunction)] == ([called] if called else [])


async def test_a_required_tool_is_called_even_when_none_fits(
    brain: BuiltInBrain, user: User, tool: MakeTool, make_request: MakeRequest
) -> None:
    request = make_request(user("Good morning"), tools=(tool("get_weather"),), tool_choice="required")
    assert await _replies(brain, request) == [CallFunction("get_weather", "{}")]


async def test_a_tools_result_is_spoken_and_the_tool_not_called_again(
    brain: BuiltInBrain, user: User, tool: MakeTool, make_request: MakeRequest
) -> None:
    call = ContextItem(id="i1", type=ItemType.FUNCTION_CALL, name="get_weather", call_id="call_1", arguments="{}")
    output = ContextItem(id="i2", type=ItemType.FUNCTION_CALL_OUTPUT, call_id="call_1", output="sunny")
    request = make_request(user("weather"), call, output, tools=(tool("get_weather"),))
    assert await _replies(brain, request) == [Say("The get weather says: sunny")]


@pytest.mark.parametrize(
    ("output", "spoken"),
    [
        ('{"sky": "sunny", "wind_speed": 3.5, "rain": false}', "sky: sunny, wind speed: 3.5, rain: false"),
        ('{"days": [1, 2]}', '{"days": [1, 2]}'),
        ("{}", "{}"),
        ("[1]", "[1]"),
    ],
)
async def test_a_flat_object_is_read_out_without_its_signs(
    brain: BuiltInBrain, user: User, make_request: MakeRequest, output: str, spoken: str
) -> None:
    call = ContextItem(id="i1", type=ItemType.FUNCTION_CALL, name="look", call_id="call_1", arguments="{}")
    result = ContextItem(id="i2", type=ItemType.FUNCTION_CALL_OUTPUT, call_id="call_1", output=output)
    assert await _replies(brain, make_request(user("look"), call, result)) == [Say(f"The look says: {spoken}")]


async def test_speech_that_was_not_understood_does_not_keep_a_tools_result_back(
    brain: BuiltInBrain, user: User, make_request: MakeRequest
) -> None:
    call = ContextItem(id="i1", type=ItemType.FUNCTION_CALL, name="look", call_id="call_1", arguments="{}")
    result = ContextItem(id="i2", type=ItemType.FUNCTION_CALL_OUTPUT, call_id="call_1", output="red")
    request = make_request(user("(1.0 seconds of speech)", audio_ms=1_000), call, result)
    assert sorry_not_understood(request) is None
    assert await _replies(brain, request) == [Say("The look says: red")]


def test_an_error_of_a_brain_has_a_code_and_a_message() -> None:
    error = BrainError("out_of_ideas", "There is nothing to say.")
    assert (error.code, str(error)) == ("out_of_ideas", "There is nothing to say.")
