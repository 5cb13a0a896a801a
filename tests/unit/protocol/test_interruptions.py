"""Barge-in and cancellation, at every moment at which they can come, alone and against each other."""

from typing import Any

import pytest

from limi.protocol import Generate, SemanticVAD, ServerVAD, StopGenerating, StopReason, TurnDetection
from tests.unit.protocol.harness import Harness, manual_config, only_error, types, vad_config

CLOSED_SPEECH = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
]
ENDED = ["response.done", "rate_limits.updated"]


def answering(**changes: Any) -> tuple[Harness, str]:
    """Return a session that has heard one turn, and the response that it began by itself."""
    talk = Harness(vad_config(**changes))
    talk.speak(3000)
    talk.report(talk.session.speech_started, 300, talk.now)
    talk.report(talk.session.speech_stopped, 900, talk.now)
    return talk, talk.last(Generate).response_id


def barge_in(talk: Harness) -> list[dict[str, Any]]:
    """Let the user speak into whatever is going on; leave out the report of that itself."""
    started, *events = talk.report(talk.session.speech_started, 1500, talk.now)
    assert started["type"] == "input_audio_buffer.speech_started"
    return events


def ending(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the response as it ended."""
    (done,) = [event["response"] for event in events if event["type"] == "response.done"]
    response: dict[str, Any] = done
    return response


class TestBargeIn:
    """The user speaks: the server ends its response and leaves nothing open."""

    def test_before_the_first_word(self) -> None:
        talk, response_id = answering()
        events = barge_in(talk)
        assert types(events) == ENDED
        assert ending(events)["output"] == []
        assert ending(events)["usage"]["output_tokens"] == 0
        assert talk.last(StopGenerating) == StopGenerating(response_id, StopReason.TURN_DETECTED)

    def test_between_the_first_words_and_their_sound(self) -> None:
        talk, response_id = answering()
        talk.report(talk.session.text_delta, response_id, "As I", talk.now)
        events = barge_in(talk)
        assert types(events) == [*CLOSED_SPEECH, *ENDED]
        item_id = ending(events)["output"][0]["id"]
        error = only_error(
            talk.client(
                "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=0, event_id="t"
            )
        )
        assert (error["code"], error["event_id"]) == ("unsupported_content_type", "t")

    def test_while_audio_is_sent(self) -> None:
        talk, response_id = answering()
        talk.speech(response_id, "As I was saying", 2000)
        events = barge_in(talk)
        assert types(events) == [*CLOSED_SPEECH, *ENDED]
        assert ending(events)["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        assert ending(events)["output"][0]["status"] == "incomplete"

    def test_in_a_function_call(self) -> None:
        """The call is incomplete, so that no SDK runs it on half its arguments."""
        talk, response_id = answering()
        talk.report(talk.session.function_call_started, response_id, "look", talk.now)
        talk.report(talk.session.function_call_delta, response_id, '{"fa', talk.now)
        events = barge_in(talk)
        assert types(events) == [
            "response.function_call_arguments.done",
            "conversation.item.done",
            "response.output_item.done",
            *ENDED,
        ]
        assert (events[2]["item"]["status"], events[2]["item"]["arguments"]) == ("incomplete", '{"fa')

    def test_between_a_call_and_its_output(self) -> None:
        talk, response_id = answering()
        talk.report(talk.session.function_call_started, response_id, "look", talk.now)
        done = ending(talk.report(talk.session.finish, response_id, talk.now))
        assert barge_in(talk) == []
        output = {"type": "function_call_output", "call_id": done["output"][0]["call_id"], "output": "a cat"}
        talk.client("conversation.item.create", item=output)
        talk.report(talk.session.speech_stopped, 1900, talk.now)
        assert [item.type.value for item in talk.last(Generate).request.context][-2:] == [
            "function_call_output",
            "message",
        ]

    def test_after_the_response_is_done(self) -> None:
        """Audio is sent faster than it plays, so most come here; only the client knows what was heard."""
        talk, response_id = answering()
        talk.speech(response_id, "one two three four", 2000)
        item_id = ending(talk.report(talk.session.finish, response_id, talk.now))["output"][0]["id"]
        assert barge_in(talk) == []
        (truncated,) = talk.client(
            "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=500
        )
        assert truncated["type"] == "conversation.item.truncated"
        talk.report(talk.session.speech_stopped, 1900, talk.now)
        assert [item.text for item in talk.last(Generate).request.context] == ["", "one", ""]

    def test_before_anything_was_asked(self) -> None:
        talk = Harness(vad_config())
        talk.speak(2000)
        assert barge_in(talk) == []

    @pytest.mark.parametrize("detection", [ServerVAD, SemanticVAD])
    def test_not_when_the_client_forbids_it(self, detection: type[TurnDetection]) -> None:
        talk = Harness(manual_config(turn_detection=detection(interrupt_response=False)))
        talk.speak(2000)
        response_id = talk.start_response().response_id
        assert barge_in(talk) == []
        assert types(talk.speech(response_id, "I go on", 100))[-1] == "response.output_audio.delta"

    @pytest.mark.parametrize("detection", [ServerVAD, SemanticVAD])
    def test_it_may_come_without_an_answer_of_the_servers_own(self, detection: type[TurnDetection]) -> None:
        talk = Harness(manual_config(turn_detection=detection(create_response=False)))
        talk.speak(2000)
        talk.start_response()
        assert types(barge_in(talk)) == ENDED
        assert types(talk.report(talk.session.speech_stopped, 1900, talk.now))[-1] == "conversation.item.done"
        assert len(talk.effects_of(Generate)) == 1


class TestRaces:
    """What the client sent before it read that things had changed."""

    def test_a_client_cancels_what_the_server_has_cancelled(self) -> None:
        """agents-js does so unless it was told that the server interrupts by itself."""
        talk, _ = answering()
        barge_in(talk)
        error = only_error(talk.client("response.cancel", event_id="late"))
        assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "late")

    @pytest.mark.parametrize("by_id", [True, False])
    def test_cancel_twice(self, *, by_id: bool) -> None:
        talk = Harness()
        response_id = talk.start_response().response_id
        members = {"response_id": response_id} if by_id else {}
        assert types(talk.client("response.cancel", **members)) == ENDED
        assert only_error(talk.client("response.cancel", **members))["code"] == "response_cancel_not_active"
        assert len(talk.effects_of(StopGenerating)) == 1

    def test_cancel_of_the_response_before(self) -> None:
        """An id that has ended must not end the response that runs now."""
        talk = Harness()
        first = talk.start_response().response_id
        talk.report(talk.session.finish, first, talk.now)
        second = talk.start_response().response_id
        assert (
            only_error(talk.client("response.cancel", response_id=first))["code"] == "response_cancel_not_active"
        )
        assert types(talk.speech(second, "still here", 100))[-1] == "response.output_audio.delta"

    def test_cancel_and_ask_anew_at_once(self) -> None:
        talk = Harness()
        first = talk.start_response().response_id
        talk.speech(first, "Wrong", 100)
        talk.client("response.cancel")
        second = talk.start_response().response_id
        assert talk.speech(first, " way", 100) == [], "the old generator had more to say"
        events = talk.speech(second, "Right", 100)
        assert {event["response_id"] for event in events if "response_id" in event} == {second}

    def test_the_client_asks_for_what_the_server_has_begun(self) -> None:
        talk, response_id = answering()
        error = only_error(talk.client("response.create", event_id="agents_js_response_create_1"))
        assert error["code"] == "conversation_already_has_active_response"
        assert error["event_id"] == "agents_js_response_create_1"
        assert response_id in error["message"]

    def test_the_client_commits_what_the_server_has_committed(self) -> None:
        talk = Harness(vad_config())
        talk.speak(900)
        talk.report(talk.session.speech_started, 300, talk.now)
        talk.report(talk.session.speech_stopped, 900, talk.now)
        error = only_error(talk.client("input_audio_buffer.commit", event_id="c"))
        assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "c")

    def test_the_client_deletes_an_item_twice(self) -> None:
        talk = Harness()
        talk.user_says("hello", id="mine")
        talk.client("conversation.item.delete", item_id="mine")
        error = only_error(talk.client("conversation.item.delete", item_id="mine", event_id="agents_delete_1"))
        assert (error["code"], error["event_id"]) == ("item_delete_invalid_item_id", "agents_delete_1")

    def test_an_update_in_the_middle_of_a_response_concerns_the_next_one(self) -> None:
        talk = Harness()
        first = talk.start_response()
        talk.client("session.update", session={"type": "realtime", "output_modalities": ["text"]})
        assert types(talk.speech(first.response_id, "aloud", 100))[-1] == "response.output_audio.delta"
        talk.report(talk.session.finish, first.response_id, talk.now)
        assert talk.start_response().request.modality.value == "text"
