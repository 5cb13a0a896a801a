"""Items of the client are checked part by part, and keep their ids."""

from typing import Any

import pytest

from limi.protocol import ContextItem
from tests.unit.protocol.harness import Harness, only_error, pcm, text_of, types


def create(talk: Harness, **item: Any) -> list[dict[str, Any]]:
    return talk.client("conversation.item.create", item=item, event_id="c")


def seen(talk: Harness) -> ContextItem:
    """Return the newest item as a generator sees it."""
    return talk.start_response(conversation="none").request.context[-1]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "s"}]},
        {"type": "message", "role": "user", "content": []},
        {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": text_of(pcm(10))}]},
        {"type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": None}]},
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}],
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "t"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "t"}]},
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_known", "output": "o", "object": "realtime.item"},
        {"type": "mcp_list_tools", "server_label": "s", "tools": [{"name": "n", "input_schema": {}}]},
        {"type": "mcp_call", "server_label": "s", "name": "n", "arguments": "{}"},
        {"type": "mcp_approval_request", "server_label": "s", "name": "n", "arguments": "{}"},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True},
    ],
)
def test_every_kind_of_item_is_added_and_done(item: dict[str, Any]) -> None:
    talk = Harness()
    create(talk, type="function_call", name="f", arguments="{}", call_id="call_known")
    for chosen in ({}, {"id": "mine"}):
        added, done = create(talk, **item, **chosen)
        assert (added["type"], done["type"]) == ("conversation.item.added", "conversation.item.done")
        assert added["item"]["id"] == chosen.get("id", added["item"]["id"])
        assert added["item"]["type"] == item["type"]
    assert types(talk.client("conversation.item.retrieve", item_id="mine")) == ["conversation.item.retrieved"]


def test_audio_is_kept_but_not_echoed() -> None:
    talk = Harness()
    content = [{"type": "input_audio", "audio": text_of(pcm(200)), "transcript": "hi"}]
    added, _ = create(talk, type="message", role="user", content=content)
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": "hi"}]
    assert (seen(talk).audio, seen(talk).text) == (pcm(200), "hi")


def test_restored_speech_of_the_assistant_fixes_the_voice() -> None:
    talk = Harness()
    content = [{"type": "output_audio", "audio": text_of(pcm(200)), "transcript": "hi"}]
    create(talk, type="message", role="assistant", content=content)
    session = {"type": "realtime", "audio": {"output": {"voice": "sage"}}}
    assert only_error(talk.client("session.update", session=session))["code"] == "cannot_update_voice"


def test_a_call_without_an_id_gets_one() -> None:
    talk = Harness()
    added, _ = create(talk, type="function_call", name="f", arguments="{}")
    assert added["item"]["call_id"].startswith("call_")


@pytest.mark.parametrize(
    ("item", "code", "param"),
    [
        ({}, "missing_required_parameter", "item.type"),
        ({"type": "song"}, "invalid_value", "item.type"),
        ({"type": "message", "role": "user"}, "missing_required_parameter", "item.content"),
        ({"type": "message", "role": "tool", "content": []}, "invalid_value", "item.role"),
        (
            {"type": "message", "role": "user", "content": [{"type": "text", "text": "x"}]},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {"type": "message", "role": "assistant", "content": [{"type": "input_text", "text": "x"}]},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text"}]},
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "%"}]},
            "invalid_value",
            "item.content[0].audio",
        ),
        ({"type": "message", "role": "user", "content": [], "id": ""}, "invalid_value", "item.id"),
        ({"type": "message", "role": "user", "content": [], "mood": 1}, "unknown_parameter", "item.mood"),
        ({"type": "function_call_output", "output": "x"}, "missing_required_parameter", "item.call_id"),
        ({"type": "item_reference", "id": "x"}, "invalid_value", "item.type"),
    ],
)
def test_a_bad_item_is_named_and_not_added(item: dict[str, Any], code: str, param: str) -> None:
    talk = Harness()
    error = only_error(create(talk, **item))
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "c")
    assert talk.start_response(conversation="none").request.context == ()


@pytest.mark.parametrize("arguments", ["x", "[]", "null"])
def test_approval_arguments_must_be_a_json_object(arguments: str) -> None:
    item = {"type": "mcp_approval_request", "server_label": "s", "name": "n", "arguments": arguments}
    error = only_error(create(Harness(), **item))
    assert (error["code"], error["param"]) == ("invalid_value", "item.arguments")


@pytest.mark.parametrize(
    "address",
    [
        "https://example.test/cat.png",
        "data:image/png;base64,",
        "data:image/png;base64,%%%",
        "data:image/svg+xml;base64,AAAA",
        "data:image/png,AAAA",
    ],
)
def test_a_picture_comes_inside_the_event(address: str) -> None:
    content = [{"type": "input_text", "text": "Look:"}, {"type": "input_image", "image_url": address}]
    error = only_error(create(Harness(), type="message", role="user", content=content))
    assert (error["code"], error["param"]) == ("invalid_value", "item.content[1].image_url")


def test_a_picture_is_read_with_the_words_beside_it() -> None:
    talk = Harness()
    picture = {"type": "input_image", "image_url": "data:image/jpeg;base64,/9j/4AAQ", "detail": "low"}
    added, _ = create(
        talk, type="message", role="user", content=[{"type": "input_text", "text": "What is this?"}, picture]
    )
    assert added["item"]["content"][1] == picture
    response_id = talk.start_response().response_id
    talk.report(talk.session.finish, response_id, talk.now)
    usage = talk.events[-2]["response"]["usage"]
    assert usage["input_token_details"]["image_tokens"] == 85


def test_ids_of_the_client_have_upstreams_bounds() -> None:
    talk = Harness()
    item = {"type": "message", "role": "user", "content": []}
    long = only_error(create(talk, **item, id="i" * 33))
    assert (long["code"], long["param"]) == ("string_above_max_length", "item.id")
    assert long["message"] == "Invalid 'item.id': string too long. Expected a string with maximum length 32."
    odd = only_error(create(talk, **item, id="a/b"))
    assert (odd["code"], odd["param"]) == ("invalid_value", "item.id")
    assert odd["message"].endswith("Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.")
    call = only_error(create(talk, type="function_call_output", call_id="c" * 33, output=""))
    assert (call["code"], call["param"]) == ("string_above_max_length", "item.call_id")
    assert types(create(talk, **item, id="i" * 32))[0] == "conversation.item.added"


def test_a_text_is_bounded_as_upstream_bounds_it() -> None:
    talk = Harness()
    error = only_error(talk.user_says("x" * 256_001))
    assert (error["code"], error["param"]) == ("string_above_max_length", "item.content[0].text")
    assert types(talk.user_says("x" * 256_000))[0] == "conversation.item.added"


def test_null_stands_for_what_is_left_out() -> None:
    content = [{"type": "input_audio", "audio": None, "transcript": None}]
    added, _ = create(Harness(), type="message", role="user", content=content, id=None, status=None, object=None)
    assert added["item"]["id"]
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "function_call", "name": "f", "arguments": "a" * 256_001}, "item.arguments"),
        ({"type": "function_call", "name": "f" * 257, "arguments": "{}"}, "item.name"),
        ({"type": "function_call_output", "call_id": "c", "output": "o" * 256_001}, "item.output"),
        (
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_audio", "transcript": "t" * 256_001}],
            },
            "item.content[0].transcript",
        ),
        ({"type": "mcp_call", "server_label": "s", "name": "n", "arguments": "a" * 256_001}, "item.arguments"),
    ],
)
def test_every_text_is_bounded(item: dict[str, Any], param: str) -> None:
    error = only_error(create(Harness(), **item))
    assert (error["code"], error["param"]) == ("string_above_max_length", param)


def test_a_message_has_a_thousand_parts_at_most_and_a_schema_of_mcp_is_bounded() -> None:
    part = {"type": "input_text", "text": ""}
    error = only_error(create(Harness(), type="message", role="user", content=[part] * 1_001))
    assert (error["code"], error["param"]) == ("array_above_max_length", "item.content")
    tool = {"name": "n", "input_schema": {"a": "x" * 70_000}}
    error = only_error(create(Harness(), type="mcp_list_tools", server_label="s", tools=[tool]))
    assert (error["code"], error["param"]) == ("invalid_value", "item.tools[0].input_schema")
    error = only_error(
        create(Harness(), type="mcp_call", server_label="s", name="n", arguments="", error={"a": "x" * 70_000})
    )
    assert (error["code"], error["param"]) == ("invalid_value", "item.error")
