"""Responses come in the order captured from the live service, one at a time."""

from typing import Any

import pytest

from limi.protocol import Generate, IncompleteReason, Limits, StopGenerating, StopReason
from tests.unit.protocol.harness import Harness, manual_config, only_error, pcm, types

SPOKEN_CLOSING = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]


def done_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    response: dict[str, Any] = next(event for event in events if event["type"] == "response.done")["response"]
    return response


def test_a_text_turn_has_the_order_of_the_captures() -> None:
    talk = Harness()
    talk.user_says("Hello")
    before = len(talk.events)
    response_id = talk.start_response(output_modalities=["text"]).response_id
    for word in ("Hello ", "to ", "you"):
        talk.report(talk.session.text_delta, response_id, word, talk.now)
    talk.report(talk.session.finish, response_id, talk.now)
    turn = talk.events[before:]
    assert types(turn) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    created, added, item_added, part_added = turn[:4]
    assert created["response"]["status"] == "in_progress"
    assert created["response"]["output"] == []
    assert created["response"]["usage"] is None
    assert added["item"]["status"] == "in_progress"
    assert added["item"]["content"] == []
    assert item_added["previous_item_id"] == talk.events[1]["item"]["id"]
    assert part_added["part"] == {"type": "text", "text": ""}
    assert turn[7]["text"] == "Hello to you"
    assert turn[9]["item"]["content"] == [{"type": "output_text", "text": "Hello to you"}]
    assert done_of(turn)["status"] == "completed"
    assert done_of(turn)["output"] == [turn[10]["item"]]


def test_a_spoken_response_has_the_order_of_the_captures() -> None:
    talk = Harness()
    before = len(talk.events)
    talk.spoken_turn()
    assert types(talk.events[before:]) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        *SPOKEN_CLOSING,
    ]


def test_the_usage_of_a_spoken_response_counts_twenty_tokens_a_second() -> None:
    talk = Harness()
    talk.spoken_turn(milliseconds=7300)
    assert done_of(talk.events)["usage"]["output_token_details"]["audio_tokens"] == 146


def test_a_function_call_has_the_order_of_the_captures() -> None:
    talk = Harness()
    before = len(talk.events)
    response_id = talk.start_response().response_id
    talk.report(talk.session.function_call_started, response_id, "get_weather", talk.now)
    talk.report(talk.session.function_call_delta, response_id, '{"city":', talk.now)
    talk.report(talk.session.function_call_delta, response_id, '"Oslo"}', talk.now)
    talk.report(talk.session.function_call_done, response_id, talk.now)
    talk.report(talk.session.finish, response_id, talk.now)
    turn = talk.events[before:]
    assert types(turn) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    added, arguments_done, done = turn[1], turn[5], turn[7]
    assert added["item"]["status"] == "in_progress"
    assert added["item"]["arguments"] == ""
    assert arguments_done["name"] == "get_weather"
    assert done["item"]["status"] == "completed"
    assert done["item"]["arguments"] == '{"city":"Oslo"}'
    assert done["item"]["call_id"] == arguments_done["call_id"] == added["item"]["call_id"]


def test_the_model_may_speak_and_then_call_two_functions() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.speech(response_id, "Let me look", 200)
    for name in ("first", "second"):
        talk.report(talk.session.function_call_started, response_id, name, talk.now)
        talk.report(talk.session.function_call_done, response_id, talk.now)
    talk.report(talk.session.finish, response_id, talk.now)
    done = [event for event in talk.events if event["type"] == "response.output_item.done"]
    assert [(event["output_index"], event["item"]["type"]) for event in done] == [
        (0, "message"),
        (1, "function_call"),
        (2, "function_call"),
    ]
    assert [item["status"] for item in done_of(talk.events)["output"]] == ["completed"] * 3


def test_a_function_output_starts_no_response_by_itself() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.report(talk.session.function_call_started, response_id, "weather", talk.now)
    done = done_of(talk.report(talk.session.finish, response_id, talk.now))
    item = {"type": "function_call_output", "call_id": done["output"][0]["call_id"], "output": "rain"}
    events = talk.client("conversation.item.create", item=item)
    assert types(events) == ["conversation.item.added", "conversation.item.done"]
    assert len(talk.effects_of(Generate)) == 1


def test_cancel_closes_everything_that_was_open() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.speech(response_id, "I was about to", 500)
    events = talk.client("response.cancel")
    assert types(events) == SPOKEN_CLOSING
    assert events[4]["item"]["status"] == "incomplete"
    assert done_of(events)["status"] == "cancelled"
    assert done_of(events)["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert done_of(events)["usage"]["output_token_details"]["audio_tokens"] == 10
    assert talk.last(StopGenerating) == StopGenerating(response_id, StopReason.CLIENT_CANCELLED)


def test_cancel_in_a_function_call_leaves_it_incomplete_so_that_no_sdk_runs_it() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.report(talk.session.function_call_started, response_id, "f", talk.now)
    events = talk.client("response.cancel", response_id=response_id)
    assert types(events)[0] == "response.function_call_arguments.done"
    assert events[2]["item"]["status"] == "incomplete"


@pytest.mark.parametrize("members", [{}, {"response_id": "resp_unknown"}])
def test_cancel_of_nothing_is_an_error_that_names_it(members: dict[str, str]) -> None:
    error = only_error(Harness().client("response.cancel", event_id="mine", **members))
    assert error["code"] == "response_cancel_not_active"
    assert error["message"].startswith("Cancellation failed")
    assert error["event_id"] == "mine"


def test_a_second_response_is_refused_with_the_clients_event_id() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    error = only_error(talk.client("response.create", event_id="agents_js_response_create_2"))
    assert error["code"] == "conversation_already_has_active_response"
    assert response_id in error["message"]
    assert error["event_id"] == "agents_js_response_create_2"


def test_reports_on_a_response_that_has_ended_are_ignored() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.client("response.cancel")
    assert talk.speech(response_id, "too late", 100) == []
    assert talk.report(talk.session.function_call_started, response_id, "f", talk.now) == []
    assert talk.report(talk.session.function_call_delta, response_id, "{}", talk.now) == []
    assert talk.report(talk.session.function_call_done, response_id, talk.now) == []
    assert talk.report(talk.session.finish, response_id, talk.now) == []
    assert talk.report(talk.session.fail, response_id, "c", "m", talk.now) == []


def test_a_failure_ends_the_response_and_is_no_error_event() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.speech(response_id, "Well", 100)
    events = talk.report(talk.session.fail, response_id, "voice_missing", "Install limi[sandbox].", talk.now)
    assert types(events) == SPOKEN_CLOSING
    assert done_of(events)["status"] == "failed"
    assert done_of(events)["status_details"]["error"] == {
        "type": "server_error",
        "code": "voice_missing",
        "message": "Install limi[sandbox].",
    }


def test_a_response_may_end_without_a_word() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    events = talk.report(talk.session.finish, response_id, talk.now)
    assert types(events) == ["response.done", "rate_limits.updated"]
    assert done_of(events)["output"] == []


def test_a_content_filter_leaves_the_response_incomplete() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.speech(response_id, "Well", 100)
    events = talk.report(talk.session.finish, response_id, talk.now, IncompleteReason.CONTENT_FILTER)
    assert done_of(events)["status"] == "incomplete"
    assert done_of(events)["status_details"]["reason"] == "content_filter"
    assert done_of(events)["output"][0]["status"] == "incomplete"


def test_the_token_limit_ends_a_response_and_its_generator() -> None:
    talk = Harness()
    response_id = talk.start_response(max_output_tokens=10).response_id
    assert done_of(talk.speech(response_id, "Well", 1000))["status_details"] == {
        "type": "incomplete",
        "reason": "max_output_tokens",
    }
    assert talk.last(StopGenerating).reason is StopReason.MAX_OUTPUT_TOKENS
    talk.start_response()


@pytest.mark.parametrize("allowed", [1, 7, 20])
def test_usage_never_passes_the_token_limit(allowed: int) -> None:
    """The last piece is cut to what is allowed, down to the sample."""
    for milliseconds in (1, 30, 5000):
        talk = Harness()
        response_id = talk.start_response(max_output_tokens=allowed).response_id
        while types(talk.speech(response_id, "some words ", milliseconds))[-1] != "rate_limits.updated":
            pass
        done = done_of(talk.events)
        assert done["status"] == "incomplete"
        assert done["usage"]["output_tokens"] == allowed


def test_a_generator_that_does_not_end_is_ended() -> None:
    talk = Harness(limits=Limits(output_tokens=50))
    first = talk.start_response().response_id
    talk.speech(first, "and so on", 5000)
    done = done_of(talk.events)
    assert (done["status"], done["max_output_tokens"], done["usage"]["output_tokens"]) == ("incomplete", "inf", 50)
    talk.speech(talk.start_response(max_output_tokens=4096).response_id, "and so on", 5000)
    assert talk.events[-2]["response"]["usage"]["output_tokens"] == 50


def test_a_response_of_exactly_the_token_limit_is_complete() -> None:
    talk = Harness()
    response_id = talk.start_response(max_output_tokens=3, output_modalities=["text"]).response_id
    talk.report(talk.session.text_delta, response_id, "twelve chars", talk.now)
    done = done_of(talk.report(talk.session.finish, response_id, talk.now))
    assert (done["status"], done["usage"]["output_tokens"]) == ("completed", 3)


@pytest.mark.parametrize("what", ["name", "arguments"])
def test_the_token_limit_holds_for_calls_too(what: str) -> None:
    talk = Harness()
    response_id = talk.start_response(max_output_tokens=2).response_id
    talk.report(talk.session.function_call_started, response_id, "look" * (3 if what == "name" else 1), talk.now)
    talk.report(talk.session.function_call_delta, response_id, '{"far": true}', talk.now)
    done = done_of(talk.events)
    assert [item["status"] for item in done["output"]] == ([] if what == "name" else ["incomplete"])
    assert done["usage"]["output_tokens"] <= 2


def test_an_out_of_band_response_runs_beside_the_other_and_leaves_no_item() -> None:
    talk = Harness()
    talk.start_response()
    other = talk.start_response(conversation="none", output_modalities=["text"], metadata={"topic": "x"}, input=[])
    assert other.request.context == ()
    assert other.request.out_of_band
    talk.report(talk.session.text_delta, other.response_id, "aside", talk.now)
    events = talk.report(talk.session.finish, other.response_id, talk.now)
    assert types(events) == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    assert done_of(events)["conversation_id"] is None
    assert done_of(events)["metadata"] == {"topic": "x"}
    item_id = done_of(events)["output"][0]["id"]
    assert only_error(talk.client("conversation.item.retrieve", item_id=item_id))["param"] == "item_id"


def test_an_out_of_band_response_is_cancelled_by_its_id_only() -> None:
    talk = Harness()
    aside = talk.start_response(conversation="none").response_id
    assert only_error(talk.client("response.cancel"))["code"] == "response_cancel_not_active"
    assert done_of(talk.client("response.cancel", response_id=aside))["id"] == aside


def test_responses_beside_the_conversation_are_bounded() -> None:
    talk = Harness(limits=Limits(out_of_band_responses=1))
    talk.start_response(conversation="none")
    error = only_error(talk.client("response.create", response={"conversation": "none"}))
    assert error["code"] == "too_many_responses"


def test_metadata_comes_back_in_created_and_done() -> None:
    talk = Harness()
    generate = talk.start_response(metadata={"request": "7"})
    assert talk.events[-1]["response"]["metadata"] == {"request": "7"}
    events = talk.report(talk.session.finish, generate.response_id, talk.now)
    assert done_of(events)["metadata"] == {"request": "7"}
    assert generate.request.metadata == {"request": "7"}


def test_speech_is_ignored_in_a_text_response() -> None:
    talk = Harness(manual_config())
    response_id = talk.start_response(output_modalities=["text"]).response_id
    assert talk.report(talk.session.audio_chunk, response_id, pcm(100), talk.now) == []


def test_the_cached_part_grows_with_the_conversation() -> None:
    talk = Harness()
    cached = []
    for _ in range(3):
        talk.user_says("Tell me something new about the sea, please.")
        talk.spoken_turn()
        cached.append(done_of(talk.events[::-1])["usage"]["input_token_details"]["cached_tokens"])
    assert cached[0] == 0
    assert cached[0] < cached[1] < cached[2]


def test_rate_limits_name_tokens_only() -> None:
    talk = Harness()
    talk.spoken_turn()
    (limit,) = talk.events[-1]["rate_limits"]
    assert limit["name"] == "tokens"
    assert limit["remaining"] < limit["limit"]
    assert limit["reset_seconds"] > 0
