"""Events are known by their type and checked member by member."""

from typing import Any

import pytest

from limi.protocol.client_events import AppendAudio, TruncateItem, event_id_of, parse_event
from limi.protocol.encoded import Sound
from limi.protocol.errors import ProtocolError
from tests.unit.protocol.harness import CLIENT_EVENTS


@pytest.mark.parametrize("event", CLIENT_EVENTS, ids=lambda event: event["type"])
def test_all_eleven_are_known_with_and_without_an_id(event: dict[str, Any]) -> None:
    assert parse_event(event, has_media_track=True).event_id is None
    assert parse_event(event | {"event_id": "mine"}, has_media_track=True).event_id == "mine"


@pytest.mark.parametrize("event", CLIENT_EVENTS, ids=lambda event: event["type"])
def test_unknown_members_are_refused_by_name(event: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_event(event | {"extra": 1}, has_media_track=True)
    assert (caught.value.code, caught.value.param) == ("unknown_parameter", "extra")


def test_members_arrive_typed() -> None:
    assert parse_event(CLIENT_EVENTS[1] | {"audio": "AAAA"}, has_media_track=False) == AppendAudio(
        audio=Sound(bytes(3))
    )
    assert parse_event(CLIENT_EVENTS[6] | {"audio_end_ms": 1500}, has_media_track=False) == TruncateItem(
        item_id="i", content_index=0, audio_end_ms=1500
    )


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ({}, "missing_required_parameter", "type"),
        ({"type": 7}, "invalid_value", "type"),
        ({"type": ["response.create"]}, "invalid_value", "type"),
        ({"type": "response.audio.delta"}, "invalid_value", "type"),
        ({"type": "conversation.item.delete"}, "missing_required_parameter", "item_id"),
        (CLIENT_EVENTS[6] | {"audio_end_ms": 1.5}, "invalid_value", "audio_end_ms"),
        (CLIENT_EVENTS[6] | {"content_index": -1}, "invalid_value", "content_index"),
        ({"type": "response.cancel", "event_id": "e" * 513}, "string_above_max_length", "event_id"),
        ({"type": "response.create", "response": {"metadata": {"a": 1}}}, "invalid_value", "response.metadata"),
        ({"type": "response.create", "response": {"voice": "ash"}}, "unknown_parameter", "response.voice"),
        ({"type": "response.create", "response": {"conversation": "b"}}, "invalid_value", "response.conversation"),
    ],
)
def test_a_broken_rule_is_named(event: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_event(event, has_media_track=False)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_an_unknown_type_is_answered_with_those_that_exist() -> None:
    with pytest.raises(
        ProtocolError, match=r"^Invalid value: 'nonsense'. Supported values are: 'session.update', "
    ):
        parse_event({"type": "nonsense"}, has_media_track=False)


@pytest.mark.parametrize(("event_id", "usable"), [("mine", True), (7, False), (None, False), ("e" * 513, False)])
def test_an_id_is_repeated_only_if_it_is_one(event_id: object, usable: bool) -> None:  # noqa: FBT001
    assert (event_id_of({"event_id": event_id}) == event_id and event_id is not None) is usable
