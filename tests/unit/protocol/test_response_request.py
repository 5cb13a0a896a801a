"""A response is asked for with the session's settings, those of the request before them."""

from typing import Any

import pytest

from limi.protocol import AudioFormat, FunctionTool, Modality
from tests.unit.protocol.harness import Harness, manual_config, only_error

TOOL = {"type": "function", "name": "look", "description": "Looks.", "parameters": {"type": "object"}}


def test_without_a_request_the_session_decides() -> None:
    talk = Harness(manual_config(instructions="Be kind.", voice="ash", max_output_tokens=77))
    talk.client("session.update", session={"type": "realtime", "tools": [TOOL], "tool_choice": "required"})
    talk.user_says("hello", id="u")
    request = talk.start_response().request
    assert request.model == "gpt-realtime"
    assert request.instructions == "Be kind."
    assert request.modality is Modality.AUDIO
    assert (request.voice, request.output_format, request.speed) == ("ash", AudioFormat.PCM16, 1.0)
    assert request.tools == (FunctionTool(name="look", description="Looks.", parameters={"type": "object"}),)
    assert (request.tool_choice, request.forced_tool) == ("required", None)
    assert request.max_output_tokens == 77
    assert request.last_user_item is not None
    assert request.last_user_item.text == "hello"
    assert not request.out_of_band


def test_what_the_request_says_holds_for_it_alone() -> None:
    talk = Harness(manual_config(max_output_tokens=77))
    before = talk.session.config
    request = talk.start_response(
        conversation="none",
        instructions="Sing.",
        output_modalities=["text"],
        audio={"output": {"voice": "sage", "format": {"type": "audio/pcmu"}}},
        tools=[TOOL, {"type": "mcp", "server_label": "s", "server_url": "https://example.test"}],
        tool_choice={"type": "function", "name": "look"},
        max_output_tokens="inf",
        parallel_tool_calls=True,
        reasoning={"effort": "high"},
        prompt=None,
    ).request
    assert request.instructions == "Sing."
    assert request.modality is Modality.TEXT
    assert (request.voice, request.output_format) == ("sage", AudioFormat.PCMU)
    assert [tool.name for tool in request.tools] == ["look"], "MCP servers are accepted and never called"
    assert (request.tool_choice, request.forced_tool) == ("function", "look")
    assert request.max_output_tokens is None
    assert talk.session.config is before


def test_a_context_of_the_clients_own_takes_the_place_of_the_conversation() -> None:
    talk = Harness()
    talk.user_says("kept", id="kept")
    talk.user_says("left out")
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "new"}]}
    reference = {"type": "item_reference", "id": "kept"}
    request = talk.start_response(input=[reference, message], conversation="none").request
    assert [item.text for item in request.context] == ["kept", "new"]
    assert request.context[1].id


def test_an_empty_input_means_no_context_at_all() -> None:
    talk = Harness()
    talk.user_says("hello")
    request = talk.start_response(input=[]).request
    assert request.context == ()
    assert request.last_user_item is None


@pytest.mark.parametrize(
    ("response", "code", "param"),
    [
        (
            {"input": [{"type": "item_reference", "id": "x"}]},
            "response_create_invalid_item_id",
            "response.input[0].id",
        ),
        ({"input": [{"type": "message"}]}, "missing_required_parameter", "response.input[0].role"),
        ({"output_modalities": ["audio", "text"]}, "invalid_value", "response.output_modalities"),
        ({"audio": {"output": {"voice": "nobody"}}}, "invalid_value", "response.audio.output.voice"),
        ({"audio": {"input": {}}}, "unknown_parameter", "response.audio.input"),
        ({"metadata": {str(key): "" for key in range(17)}}, "object_above_max_properties", "response.metadata"),
        ({"metadata": {"k": "v" * 513}}, "string_above_max_length", "response.metadata"),
        ({"instructions": "i" * 131_073}, "string_above_max_length", "response.instructions"),
        ({"tools": [TOOL] * 129}, "array_above_max_length", "response.tools"),
        (
            {"tools": [{**TOOL, "parameters": {"a": "x" * 70_000}}]},
            "invalid_value",
            "response.tools[0].parameters",
        ),
        ({"input": [{}] * 2_001}, "array_above_max_length", "response.input"),
        ({"prompt": {"id": "p", "variables": {"v": "x" * 70_000}}}, "invalid_value", "response.prompt.variables"),
        ({"temperature": 1}, "unknown_parameter", "response.temperature"),
    ],
)
def test_a_bad_request_is_named_and_nothing_begins(response: dict[str, Any], code: str, param: str) -> None:
    talk = Harness()
    error = only_error(talk.client("response.create", response=response, event_id="r"))
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "r")
    talk.start_response()


@pytest.mark.parametrize(
    ("choice", "seen"),
    [
        ("none", ("none", None)),
        ("auto", ("auto", None)),
        ("required", ("required", None)),
        ({"type": "function", "name": "look"}, ("function", "look")),
    ],
)
def test_every_form_of_tool_choice_reaches_the_generator(choice: object, seen: tuple[str, str | None]) -> None:
    talk = Harness()
    request = talk.start_response(tools=[TOOL], tool_choice=choice).request
    assert (request.tool_choice, request.forced_tool) == seen


def test_the_generator_hears_whether_calls_may_be_parallel() -> None:
    talk = Harness()
    assert talk.start_response(conversation="none").request.parallel_tool_calls
    talk.client("session.update", session={"type": "realtime", "parallel_tool_calls": False})
    assert not talk.start_response(conversation="none").request.parallel_tool_calls
    assert talk.start_response(conversation="none", parallel_tool_calls=True).request.parallel_tool_calls


def test_an_mcp_server_cannot_be_forced() -> None:
    request = Harness().start_response(tool_choice={"type": "mcp", "server_label": "s"}).request
    assert (request.tool_choice, request.forced_tool) == ("auto", None)


def test_null_stands_for_no_request() -> None:
    talk = Harness()
    assert talk.client("response.create", response=None)[0]["type"] == "response.created"
