"""The generator's view is frozen and knows who spoke last."""

from dataclasses import FrozenInstanceError

import pytest

from tests.unit.protocol.harness import Harness


def test_the_last_words_of_the_user_are_found_behind_the_assistants() -> None:
    talk = Harness()
    talk.user_says("first")
    talk.user_says("second")
    talk.spoken_turn("reply")
    request = talk.start_response().request
    assert request.last_user_item is not None
    assert request.last_user_item.text == "second"
    assert [item.text for item in request.context] == ["first", "second", "reply"]


def test_the_view_does_not_change_while_the_conversation_goes_on() -> None:
    talk = Harness()
    talk.user_says("first", id="first")
    request = talk.start_response().request
    talk.client("conversation.item.delete", item_id="first")
    assert [item.text for item in request.context] == ["first"]
    with pytest.raises(FrozenInstanceError):
        request.model = "other"  # type: ignore[misc] # that it cannot be done is the point


def test_a_function_and_its_result_are_seen() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.report(talk.session.function_call_started, response_id, "look", talk.now)
    talk.report(talk.session.function_call_delta, response_id, "{}", talk.now)
    talk.report(talk.session.finish, response_id, talk.now)
    call_id = talk.events[-2]["response"]["output"][0]["call_id"]
    output = {"type": "function_call_output", "call_id": call_id, "output": "a boat"}
    talk.client("conversation.item.create", item=output)
    call, result = talk.start_response().request.context
    assert (call.name, call.call_id, call.arguments) == ("look", call_id, "{}")
    assert (result.call_id, result.output) == (call_id, "a boat")
