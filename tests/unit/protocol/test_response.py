"""One response says what it is, and names what belongs to it."""

from base64 import b64decode

from tests.unit.protocol.harness import Harness, manual_config, pcm


def test_the_response_object_has_all_its_members() -> None:
    talk = Harness(manual_config(max_output_tokens=99))
    talk.start_response()
    assert talk.events[-1]["response"] == {
        "object": "realtime.response",
        "id": "resp_000000000000000000001",
        "status": "in_progress",
        "status_details": None,
        "output": [],
        "conversation_id": "conv_000000000000000000001",
        "output_modalities": ["audio"],
        "max_output_tokens": 99,
        "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "alloy"}},
        "usage": None,
        "metadata": None,
    }


def test_all_events_of_a_part_carry_the_same_four_ids() -> None:
    talk = Harness()
    talk.spoken_turn()
    ids = {
        (event["response_id"], event["item_id"], event["output_index"], event["content_index"])
        for event in talk.events
        if "content_index" in event
    }
    assert ids == {("resp_000000000000000000001", "item_000000000000000000001", 0, 0)}


def test_the_audio_of_the_deltas_is_what_was_spoken() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    for _ in range(3):
        talk.report(talk.session.audio_chunk, response_id, pcm(20), talk.now)
    deltas = [event["delta"] for event in talk.events if event["type"] == "response.output_audio.delta"]
    assert b"".join(b64decode(delta) for delta in deltas) == pcm(60)


def test_audio_may_come_before_its_transcript() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.report(talk.session.audio_chunk, response_id, pcm(20), talk.now)
    talk.report(talk.session.text_delta, response_id, "hi", talk.now)
    done = talk.report(talk.session.finish, response_id, talk.now)
    assert done[2]["part"] == {"type": "audio", "transcript": "hi"}
    assert done[4]["item"]["content"] == [{"type": "output_audio", "transcript": "hi"}]


def test_the_model_may_go_on_speaking_after_a_call() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    talk.report(talk.session.function_call_started, response_id, "f", talk.now)
    talk.speech(response_id, "Done.", 20)
    talk.report(talk.session.finish, response_id, talk.now)
    done = [event["item"]["type"] for event in talk.events if event["type"] == "response.output_item.done"]
    assert done == ["function_call", "message"]


def test_arguments_without_a_call_are_ignored() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    assert talk.report(talk.session.function_call_delta, response_id, "{}", talk.now) == []
    assert talk.report(talk.session.function_call_done, response_id, talk.now) == []
