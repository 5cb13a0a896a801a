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
            "content": [{"type": "input_image", "image_url": "data:image/png;base64,"}],
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "t"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "t"}]},
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "o", "object": "realtime.item"},
        {"type": "mcp_list_tools", "server_label": "s", "tools": [{"name": "n", "input_schema": {}}]},
        {"type": "mcp_call", "server_label": "s", "name": "n", "arguments": "{}"},
        {"type": "mcp_approval_request", "server_label": "s", "name": "n", "arguments": "{}"},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True},
    ],
)
def test_every_kind_of_item_is_added_and_done(item: dict[str, Any]) -> None:
    talk = Harness()
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


def test_approval_arguments_must_be_json() -> None:
    item = {"type": "mcp_approval_request", "server_label": "s", "name": "n", "arguments": "x"}
    assert only_error(create(Harness(), **item))["code"] == "invalid_json"
