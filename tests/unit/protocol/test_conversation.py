"""Items keep their order, their ids and their bounds."""

from typing import Any

import pytest

from limi.protocol import Limits
from tests.unit.protocol.harness import (
    Harness,
    only_error,
    pcm,
    text_of,
    types,
    vad_config,
)


def chain(talk: Harness) -> list[tuple[str | None, str]]:
    """Return each added item with the one before it."""
    return [
        (event["previous_item_id"], event["item"]["id"])
        for event in talk.events
        if event["type"] == "conversation.item.added"
    ]


def context_ids(talk: Harness) -> list[str]:
    """Return the ids a generator would see, in order."""
    return [item.id for item in talk.start_response(conversation="none").request.context]


def test_every_item_names_the_one_before_it_and_only_the_first_has_none() -> None:
    talk = Harness()
    talk.user_says("a", id="item_a")
    reply = talk.spoken_turn()
    talk.user_says("b", id="item_b")
    assert chain(talk) == [(None, "item_a"), ("item_a", reply), (reply, "item_b")]


def test_items_go_where_the_client_wants_them() -> None:
    talk = Harness()
    talk.user_says("b", id="b")
    talk.client("conversation.item.create", item=message("c"), previous_item_id="b")
    talk.client("conversation.item.create", item=message("a"), previous_item_id="root")
    talk.client("conversation.item.create", item=message("x"), previous_item_id="b")
    talk.client("conversation.item.create", item=message("z"), previous_item_id=None)
    assert chain(talk)[1:] == [("b", "c"), (None, "a"), ("b", "x"), ("c", "z")]
    assert context_ids(talk) == ["a", "b", "x", "c", "z"]


def test_added_and_done_show_the_same_completed_item() -> None:
    talk = Harness()
    added, done = talk.user_says("hello", status="in_progress")
    assert added["item"] == done["item"]
    assert added["item"]["status"] == "completed"
    assert added["item"]["content"] == [{"type": "input_text", "text": "hello"}]


def test_a_duplicate_id_is_refused() -> None:
    talk = Harness()
    talk.user_says("a", id="mine")
    error = only_error(talk.client("conversation.item.create", item=message("mine"), event_id="agents_create_1"))
    assert error["code"] == "item_create_duplicate_item_id"
    assert error["event_id"] == "agents_create_1"


def test_an_unknown_previous_item_is_refused_and_nothing_is_added() -> None:
    talk = Harness()
    error = only_error(talk.client("conversation.item.create", item=message("a"), previous_item_id="gone"))
    assert error["param"] == "previous_item_id"
    assert context_ids(talk) == []


def test_items_are_bounded() -> None:
    talk = Harness(limits=Limits(items=1))
    talk.user_says("a")
    assert only_error(talk.user_says("b"))["code"] == "conversation_full"
    assert only_error(talk.client("response.create"))["code"] == "conversation_full"


@pytest.mark.parametrize(
    ("event", "members", "code"),
    [
        ("retrieve", {}, "item_retrieve_invalid_item_id"),
        ("delete", {}, "item_delete_invalid_item_id"),
        ("truncate", {"content_index": 0, "audio_end_ms": 0}, "item_truncate_invalid_item_id"),
    ],
)
def test_an_unknown_item_is_an_error_with_the_event_id(event: str, members: dict[str, Any], code: str) -> None:
    error = only_error(Harness().client(f"conversation.item.{event}", item_id="item_x", event_id="e", **members))
    assert (error["code"], error["param"], error["event_id"]) == (code, "item_id", "e")


@pytest.mark.parametrize("at", ["root", "unknown", "open turn"])
def test_an_id_that_means_something_else_is_refused(at: str) -> None:
    """An item that took the id announced for the open turn would be there twice once the turn ends."""
    talk = Harness(vad_config())
    talk.speak(500)
    announced = talk.report(talk.session.speech_started, 100, talk.now)[0]["item_id"]
    chosen = {"root": "root", "unknown": "fresh", "open turn": announced}[at]
    events = talk.client("conversation.item.create", item=message(chosen))
    if at == "unknown":
        assert types(events) == ["conversation.item.added", "conversation.item.done"]
    else:
        assert only_error(events)["param"] == "item.id"
    talk.report(talk.session.speech_stopped, 400, talk.now)
    assert [item_id for _, item_id in chain(talk)].count(announced) == 1


def test_the_output_of_a_call_needs_the_call() -> None:
    talk = Harness()
    item = {"type": "function_call_output", "call_id": "call_x", "output": "rain"}
    error = only_error(talk.client("conversation.item.create", item=item, event_id="e"))
    assert (error["code"], error["event_id"]) == ("invalid_tool_call_id", "e")
    assert error["message"] == "Tool call ID 'call_x' not found in conversation."
    call = {"type": "function_call", "name": "weather", "call_id": "call_x", "arguments": "{}"}
    talk.client("conversation.item.create", item=call)
    assert types(talk.client("conversation.item.create", item=item))[0] == "conversation.item.added"


def test_texts_and_pictures_are_bounded_together() -> None:
    talk = Harness(limits=Limits(stored_characters=100))
    talk.user_says("x" * 60, id="first")
    assert only_error(talk.user_says("y" * 60))["code"] == "conversation_full"
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{'A' * 40}"}
    item = {"type": "message", "role": "user", "content": [picture]}
    assert only_error(talk.client("conversation.item.create", item=item))["code"] == "conversation_full"
    talk.client("conversation.item.delete", item_id="first")
    assert types(talk.user_says("y" * 60))[0] == "conversation.item.added"


def test_what_was_said_counts_towards_the_bound() -> None:
    talk = Harness(limits=Limits(stored_characters=100))
    talk.spoken_turn("x" * 90)
    assert only_error(talk.user_says("y" * 20))["code"] == "conversation_full"


def test_done_names_the_item_that_stands_before_it_now() -> None:
    """The client may have changed the order since the item was added."""
    talk = Harness()
    talk.user_says("a", id="a")
    talk.user_says("b", id="b")
    response_id = talk.start_response().response_id
    talk.speech(response_id, "Well", 100)
    talk.client("conversation.item.delete", item_id="b")
    events = talk.report(talk.session.finish, response_id, talk.now)
    (done,) = [event for event in events if event["type"] == "conversation.item.done"]
    assert done["previous_item_id"] == "a"


def test_a_deleted_item_is_gone() -> None:
    talk = Harness()
    talk.user_says("a", id="a")
    talk.user_says("b", id="b")
    (deleted,) = talk.client("conversation.item.delete", item_id="a")
    assert (deleted["type"], deleted["item_id"]) == ("conversation.item.deleted", "a")
    assert context_ids(talk) == ["b"]
    talk.user_says("again", id="a")


def test_an_item_may_be_deleted_while_it_is_spoken() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    item_id = talk.speech(response_id, "Well", 100)[0]["item"]["id"]
    talk.client("conversation.item.delete", item_id=item_id)
    talk.speech(response_id, " then", 100)
    assert "conversation.item.done" not in types(talk.report(talk.session.finish, response_id, talk.now))
    talk.user_says("next")
    assert chain(talk)[-1][0] is None


def test_retrieve_returns_the_audio_of_both_sides() -> None:
    talk = Harness()
    talk.speak(200)
    user = talk.client("input_audio_buffer.commit")[0]["item_id"]
    reply = talk.spoken_turn("Hello", 300)
    (heard,) = talk.client("conversation.item.retrieve", item_id=user)
    assert heard["item"]["content"] == [{"type": "input_audio", "transcript": None, "audio": text_of(pcm(200))}]
    (said,) = talk.client("conversation.item.retrieve", item_id=reply)
    assert said["item"]["content"] == [{"type": "output_audio", "transcript": "Hello", "audio": text_of(pcm(300))}]


def test_audio_too_large_for_one_frame_is_left_out_of_retrieve() -> None:
    talk = Harness(limits=Limits(retrieved_audio_bytes=len(pcm(200))))
    reply = talk.spoken_turn("Hello", 300)
    (said,) = talk.client("conversation.item.retrieve", item_id=reply)
    assert said["item"]["content"] == [{"type": "output_audio", "transcript": "Hello"}]


def test_the_oldest_audio_is_forgotten_its_length_and_words_stay() -> None:
    talk = Harness(limits=Limits(stored_audio_bytes=len(pcm(500))))
    talk.speak(400)
    talk.client("input_audio_buffer.commit")
    talk.speak(300)
    talk.client("input_audio_buffer.commit")
    first, second = talk.start_response().request.context
    assert (first.audio, first.audio_ms) == (None, 400)
    assert (second.audio, second.audio_ms) == (pcm(300), 300)


def test_deleting_makes_room_for_audio() -> None:
    talk = Harness(limits=Limits(stored_audio_bytes=len(pcm(500))))
    talk.speak(400)
    item_id = talk.client("input_audio_buffer.commit")[0]["item_id"]
    talk.client("conversation.item.delete", item_id=item_id)
    for _ in range(2):
        talk.speak(200)
        talk.client("input_audio_buffer.commit")
    assert [item.audio for item in talk.start_response().request.context] == [pcm(200)] * 2


def test_truncating_makes_room_for_audio() -> None:
    talk = Harness(limits=Limits(stored_audio_bytes=len(pcm(500))))
    reply = talk.spoken_turn("one two", 400)
    truncate(talk, reply, 100)
    talk.speak(400)
    talk.client("input_audio_buffer.commit")
    (said,) = talk.client("conversation.item.retrieve", item_id=reply)
    assert said["item"]["content"][0]["audio"] == text_of(pcm(100))


class TestTruncate:
    """What was not heard is forgotten."""

    def test_audio_and_words_behind_the_point_go(self) -> None:
        talk = Harness()
        item_id = talk.spoken_turn("one two three four", 1000)
        (event,) = truncate(talk, item_id, 500)
        assert (event["type"], event["audio_end_ms"]) == ("conversation.item.truncated", 500)
        (retrieved,) = talk.client("conversation.item.retrieve", item_id=item_id)
        assert retrieved["item"]["content"] == [
            {"type": "output_audio", "transcript": "one two", "audio": text_of(pcm(500))}
        ]

    @pytest.mark.parametrize("milliseconds", [1000, 999, 0])
    def test_the_full_length_and_nothing_at_all_are_possible(self, milliseconds: int) -> None:
        talk = Harness()
        assert types(truncate(talk, talk.spoken_turn(), milliseconds)) == ["conversation.item.truncated"]

    def test_the_full_length_rounded_up_is_possible(self) -> None:
        talk = Harness()
        response_id = talk.start_response().response_id
        talk.session.audio_chunk(response_id, pcm(100) + b"\0\0", talk.now)
        talk.report(talk.session.finish, response_id, talk.now)
        item_id = talk.events[-2]["response"]["output"][0]["id"]
        assert types(truncate(talk, item_id, 101)) == ["conversation.item.truncated"]

    def test_a_point_past_the_end_is_refused(self) -> None:
        talk = Harness()
        error = only_error(truncate(talk, talk.spoken_turn(), 1001))
        assert error["message"] == "Audio content of 1000ms is already shorter than 1001ms"

    def test_an_item_still_being_spoken_keeps_only_what_was_heard(self) -> None:
        talk = Harness()
        response_id = talk.start_response().response_id
        item_id = talk.speech(response_id, "one two three four", 1000)[0]["item"]["id"]
        assert types(truncate(talk, item_id, 500)) == ["conversation.item.truncated"]
        talk.speech(response_id, " five", 500)
        events = talk.report(talk.session.finish, response_id, talk.now)
        said = next(event for event in events if event["type"] == "response.output_audio_transcript.done")
        assert said["transcript"] == "one two three four five", "it equals the deltas the client has read"
        item = next(event for event in events if event["type"] == "conversation.item.done")["item"]
        assert item["content"][0]["transcript"] == "one two"

    @pytest.mark.parametrize("content_index", [1, 7])
    def test_a_part_that_is_not_there_is_refused(self, content_index: int) -> None:
        talk = Harness()
        item_id = talk.spoken_turn()
        error = only_error(
            talk.client(
                "conversation.item.truncate",
                item_id=item_id,
                content_index=content_index,
                audio_end_ms=0,
                event_id="t",
            )
        )
        assert (error["code"], error["event_id"]) == ("unsupported_content_type", "t")

    def test_the_same_item_may_be_truncated_again_further_forward(self) -> None:
        talk = Harness()
        item_id = talk.spoken_turn("one two three four", 1000)
        assert types(truncate(talk, item_id, 500)) == ["conversation.item.truncated"]
        assert types(truncate(talk, item_id, 200)) == ["conversation.item.truncated"]
        assert only_error(truncate(talk, item_id, 300))["param"] == "audio_end_ms"

    def test_what_was_not_heard_is_no_longer_read(self) -> None:
        talk = Harness()
        item_id = talk.spoken_turn("x" * 400, 10_000)
        truncate(talk, item_id, 0)
        response_id = talk.start_response().response_id
        done = talk.report(talk.session.finish, response_id, talk.now)[0]
        assert done["response"]["usage"]["input_token_details"]["audio_tokens"] == 0

    def test_what_is_no_speech_of_the_assistant_is_refused(self) -> None:
        talk = Harness()
        talk.user_says("hello", id="typed")
        response_id = talk.start_response().response_id
        silent = talk.report(talk.session.text_delta, response_id, "not yet audible", talk.now)[0]["item"]["id"]
        for item_id in ("typed", silent):
            error = only_error(truncate(talk, item_id, 0))
            assert error["code"] == "unsupported_content_type"
            assert error["message"] == "Only model output audio messages can be truncated."


def message(item_id: str) -> dict[str, Any]:
    """Return a typed message of the user with an id of the client's own."""
    content = [{"type": "input_text", "text": item_id}]
    return {"id": item_id, "type": "message", "role": "user", "content": content}


def truncate(talk: Harness, item_id: str, milliseconds: int) -> list[dict[str, Any]]:
    """Say how much of an item was heard."""
    return talk.client("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=milliseconds)
