"""Whatever a client sends, it gets an answer and the session lives."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.protocol import Transport
from tests.unit.protocol.harness import CLIENT_EVENTS, Harness, manual_config, only_error, text_of, types

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        "session",
        "audio",
        "item",
        "item_id",
        "previous_item_id",
        "content_index",
        "audio_end_ms",
        "response",
        "event_id",
    ]
)
TYPES = st.sampled_from(
    [
        "session.update",
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "conversation.item.create",
        "conversation.item.retrieve",
        "conversation.item.truncate",
        "response.create",
        "response.cancel",
    ]
)


def survives(talk: Harness, said: list[dict[str, Any]]) -> None:
    assert all(event["event_id"] for event in said)
    assert types(talk.user_says("still here")) == ["conversation.item.added", "conversation.item.done"]


@given(text=st.text())
def test_any_text_is_answered(text: str) -> None:
    talk = Harness()
    said = talk.frame(text)
    assert types(said) == ["error"]
    survives(talk, said)


@given(value=JSON)
def test_any_json_is_answered(value: Any) -> None:
    talk = Harness()
    survives(talk, talk.frame(json.dumps(value)))


@given(event_type=TYPES, members=st.dictionaries(NAMES, JSON, max_size=4))
def test_any_members_of_a_known_event_are_answered(event_type: str, members: dict[str, Any]) -> None:
    talk = Harness()
    said = talk.frame(json.dumps({"type": event_type} | members))
    if types(said) == ["error"]:
        usable = isinstance(members.get("event_id"), str)
        assert said[0]["error"]["event_id"] == (members["event_id"] if usable else None)
    survives(talk, said)


@given(session=st.dictionaries(st.sampled_from(["type", "audio", "tools", "prompt", "model", "tracing"]), JSON))
def test_any_session_is_shown_whole_or_refused_whole(session: dict[str, Any]) -> None:
    talk = Harness()
    before = talk.session.config
    said = talk.frame(json.dumps({"type": "session.update", "session": {"type": "realtime"} | session}))
    assert len(said) == 1
    assert said[0]["type"] == "session.updated" or talk.session.config is before


@given(
    item=st.fixed_dictionaries(
        {"type": st.sampled_from(["message", "function_call", "mcp_call"])},
        optional={
            "role": st.sampled_from(["user", "assistant", "system"]) | JSON,
            "content": JSON,
            "id": JSON,
            "name": JSON,
            "arguments": JSON,
            "call_id": JSON,
            "server_label": JSON,
        },
    )
)
def test_any_item_is_added_or_refused(item: dict[str, Any]) -> None:
    talk = Harness()
    said = types(talk.frame(json.dumps({"type": "conversation.item.create", "item": item})))
    assert said in (["error"], ["conversation.item.added", "conversation.item.done"])


@pytest.mark.parametrize("event", CLIENT_EVENTS, ids=lambda event: event["type"])
def test_an_error_names_the_event_at_fault_and_the_member(event: dict[str, Any]) -> None:
    talk = Harness(transport=Transport.WEBRTC)
    members = {name: value for name, value in event.items() if name != "type"}
    error = only_error(talk.client(event["type"], **members, event_id="mine", oddity=1))
    assert (error["code"], error["param"], error["event_id"]) == ("unknown_parameter", "oddity", "mine")
    assert error["message"] == "Unknown parameter: 'oddity'."


def test_audio_must_be_base64() -> None:
    talk = Harness(manual_config())
    error = only_error(talk.client("input_audio_buffer.append", audio="not base64!", event_id="a"))
    assert (error["code"], error["param"], error["event_id"]) == ("invalid_value", "audio", "a")


def test_an_append_is_not_acknowledged() -> None:
    assert Harness(manual_config()).client("input_audio_buffer.append", audio=text_of(b"\0" * 480)) == []


def test_an_error_repeats_little_of_what_was_sent() -> None:
    talk = Harness()
    for event in (
        {"type": "x" * 10_000},
        {"type": "response.create", "y" * 10_000: 1},
        {"type": "session.update", "session": {"type": "realtime", "tool_choice": "z" * 10_000}},
        {"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "v" * 10_000}}}},
        {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["audio"] * 10_000}},
        {"type": "conversation.item.retrieve", "item_id": "i" * 10_000},
        {"type": "conversation.item.create", "item": {}, "previous_item_id": "p" * 10_000},
    ):
        assert len(json.dumps(talk.frame(json.dumps(event)))) < 2_000
