from collections.abc import Callable
from typing import Any

import pytest

from limi.protocol import ContextItem, GenerationRequest, ItemType, Modality, Role
from limi.sandbox.answering.chat.messages import chat_body

MakeRequest = Callable[..., GenerationRequest]


def _said(text: str, role: Role = Role.USER) -> ContextItem:
    return ContextItem(id="item", type=ItemType.MESSAGE, role=role, text=text)


def _called(call_id: str) -> ContextItem:
    return ContextItem(id="item", type=ItemType.FUNCTION_CALL, name="f", call_id=call_id, arguments='{"a":1}')


def _returned(call_id: str) -> ContextItem:
    return ContextItem(id="item", type=ItemType.FUNCTION_CALL_OUTPUT, call_id=call_id, output=f"of {call_id}")


def _call(call_id: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


def test_a_conversation_becomes_messages(make_request: MakeRequest) -> None:
    context = (_said("Now.", Role.SYSTEM), _said("Hello"), _said("Hi!", Role.ASSISTANT), _said(" "), _said("Bye"))
    body = chat_body(make_request(*context, instructions="Be brief."), model="llama")
    assert body == {
        "model": "llama",
        "stream": True,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "system", "content": "Now."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi!"},
            {"role": "user", "content": "Bye"},
        ],
    }


def test_a_spoken_answer_is_asked_for_in_plain_sentences(make_request: MakeRequest) -> None:
    body = chat_body(make_request(instructions="Be brief.", modality=Modality.AUDIO), model="m")
    (system,) = body["messages"]
    assert system["content"].startswith("Be brief.\n\nYour answer is read aloud")


def test_calls_of_one_answer_stand_together_and_each_result_behind_them(make_request: MakeRequest) -> None:
    context = (_said("Go"), _said("Well.", Role.ASSISTANT), _called("a"), _returned("a"), _called("b"), _said("?"))
    assert chat_body(make_request(*context), model="m")["messages"][1:] == [
        {"role": "assistant", "content": "Well.", "tool_calls": [_call("a"), _call("b")]},
        {"role": "tool", "tool_call_id": "a", "content": "of a"},
        {"role": "tool", "tool_call_id": "b", "content": "(no result yet)"},
        {"role": "user", "content": "?"},
    ]


def test_a_result_that_came_late_stands_where_it_belongs(make_request: MakeRequest) -> None:
    context = (_called("a"), _said("Are you there?"), _returned("a"), _returned("nobody's"))
    assert chat_body(make_request(*context), model="m")["messages"] == [
        {"role": "assistant", "content": None, "tool_calls": [_call("a")]},
        {"role": "tool", "tool_call_id": "a", "content": "of a"},
        {"role": "user", "content": "Are you there?"},
    ]


@pytest.mark.parametrize(
    ("changes", "choice"),
    [
        ({"tool_choice": "required"}, "required"),
        (
            {"tool_choice": "function", "forced_tool": "f"},
            {"type": "function", "function": {"name": "f"}},
        ),
    ],
)
def test_tools_come_with_their_choice(
    make_request: MakeRequest, tool: Callable[..., Any], changes: dict[str, Any], choice: Any
) -> None:
    tools = (tool("f", "Does it.", type="object"), tool("g"))
    body = chat_body(make_request(tools=tools, **changes), model="m")
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "f", "description": "Does it.", "parameters": {"type": "object"}},
        },
        {
            "type": "function",
            "function": {"name": "g", "description": "", "parameters": {"type": "object", "properties": {}}},
        },
    ]
    assert body["tool_choice"] == choice


def test_a_limit_of_tokens_is_passed_on(make_request: MakeRequest) -> None:
    assert chat_body(make_request(max_output_tokens=64), model="m")["max_tokens"] == 64


def test_one_call_at_a_time_is_asked_for_where_the_client_wants_it(make_request: MakeRequest, tool: Any) -> None:
    several = chat_body(make_request(_said("Go"), tools=(tool("f"),)), model="m")
    assert "parallel_tool_calls" not in several
    one = chat_body(make_request(_said("Go"), tools=(tool("f"),), parallel_tool_calls=False), model="m")
    assert one["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in chat_body(make_request(_said("Go"), parallel_tool_calls=False), model="m")
