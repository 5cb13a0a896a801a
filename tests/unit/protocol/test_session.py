"""A session as its driver sees it: from the greeting to the end, whatever arrives in between."""

import json

import pytest

from limi.protocol import AudioFormat, Close, Limits, StopGenerating, StopReason, Transport
from limi.protocol.encoded import Sound
from limi.protocol.errors import InvalidEventError
from tests.unit.protocol.harness import Harness, manual_config, only_error, pcm, types, vad_config


def test_the_first_event_is_the_session_with_its_end_in_unix_seconds() -> None:
    talk = Harness()
    (created,) = talk.greeting
    assert created["type"] == "session.created"
    assert created["session"]["id"] == talk.session.id
    assert created["session"]["expires_at"] == 1_800_003_600
    assert talk.session.next_deadline() == 3600


def test_the_session_ends_after_sixty_minutes() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.now = 3600.0
    error = only_error(talk.report(talk.session.tick, talk.now))
    assert error["code"] == "session_expired"
    assert error["message"] == "Your session hit the maximum duration of 60 minutes."
    assert talk.effects[-2:] == [
        StopGenerating(response_id, StopReason.SESSION_ENDED),
        Close(1001, "Your session hit the maximum duration of 60 minutes."),
    ]
    assert talk.session.is_closed
    assert talk.session.next_deadline() is None


def test_the_limit_holds_without_a_tick_and_nothing_is_taken_afterwards() -> None:
    talk = Harness(limits=Limits(session_seconds=60))
    talk.now = 60.5
    assert only_error(talk.user_says("late"))["code"] == "session_expired"
    assert talk.user_says("later") == []
    assert talk.report(talk.session.tick, 99.0) == []
    assert talk.report(talk.session.speech_started, 0, 99.0) == []


def test_a_binary_frame_is_an_invalid_event_and_the_session_lives_on() -> None:
    talk = Harness()
    assert only_error(talk.report(talk.session.receive_binary, b"\0\1", talk.now))["code"] == "invalid_event"
    assert types(talk.user_says("still here")) == ["conversation.item.added", "conversation.item.done"]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "no json",
        '{"type":',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a":"\\ud800 lone"}',
        '"\ud800"',
        "1" * 10_000,
    ],
)
def test_text_that_is_no_json_is_answered(frame: str) -> None:
    assert only_error(Harness().frame(frame))["code"] in {"invalid_json", "invalid_value"}


def test_a_frame_longer_than_the_limit_is_not_even_read() -> None:
    talk = Harness(limits=Limits(frame_characters=100))
    assert only_error(talk.frame("[" * 101))["code"] == "invalid_event"


def test_fifteen_mebibytes_of_audio_fit_into_one_append_and_no_more() -> None:
    talk = Harness(manual_config())
    audio = "AAAA" * (5 * 1024 * 1024)
    event = {"type": "input_audio_buffer.append", "audio": audio, "event_id": "a"}
    assert talk.frame(json.dumps(event)) == []
    error = only_error(talk.frame(json.dumps(event | {"audio": audio + "AAAA"})))
    assert (error["param"], error["event_id"]) == ("audio", "a")


def test_events_and_effects_are_handed_out_once() -> None:
    talk = Harness(vad_config())
    assert talk.session.events_to_send() == []
    assert talk.session.effects() == []


def test_a_media_track_is_pcm_whatever_the_session_says_about_events() -> None:
    config = manual_config(input_format=AudioFormat.PCMU)
    assert Harness(config).session.input_format is AudioFormat.PCMU
    assert Harness(config, transport=Transport.WEBRTC).session.input_format is AudioFormat.PCM16


def test_it_says_how_much_audio_it_takes() -> None:
    talk = Harness(limits=Limits(buffer_bytes=10_000, append_bytes=6_000))
    assert talk.session.input_room_bytes == 6_000, "no more than fits into one append"
    talk.speak(100)
    assert talk.session.input_room_bytes == 10_000 - 4_800


def test_a_frame_that_was_parsed_elsewhere_is_taken_as_if_it_had_not_been() -> None:
    talk = Harness()
    part = {"type": "input_audio", "audio": Sound(pcm(200))}
    item = {"type": "message", "role": "user", "content": [part], "id": "mine"}
    event = {"type": "conversation.item.create", "item": item}
    added, _ = talk.report(talk.session.receive_object, event, talk.now)
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    (again,) = talk.report(talk.session.receive_object, {**event, "event_id": "e"}, talk.now)
    assert (again["error"]["code"], again["error"]["event_id"]) == ("item_create_duplicate_item_id", "e")


def test_a_frame_that_could_not_be_read_elsewhere_is_answered() -> None:
    talk = Harness()
    error = only_error(talk.report(talk.session.refuse_text, InvalidEventError("too much"), talk.now))
    assert (error["code"], error["message"], error["event_id"]) == ("invalid_event", "too much", None)
    assert talk.session.frame_characters == Limits().frame_characters
