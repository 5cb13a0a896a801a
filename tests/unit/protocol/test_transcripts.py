"""Transcripts reach the item they belong to, whenever they come."""

from limi.protocol import Transcription
from tests.unit.protocol.harness import Harness, manual_config, types


def heard(model: str = "gpt-4o-mini-transcribe") -> tuple[Harness, str]:
    """Return a session with 5.8 seconds of committed speech, and the item's id."""
    talk = Harness(manual_config(transcription=Transcription(model=model)))
    talk.speak(5800)
    return talk, talk.client("input_audio_buffer.commit")[0]["item_id"]


def test_a_transcript_is_attached_to_its_item() -> None:
    talk, item_id = heard()
    (delta,) = talk.report(talk.session.transcription_delta, item_id, "good ", talk.now)
    assert (delta["delta"], delta["content_index"]) == ("good ", 0)
    (done,) = talk.report(talk.session.transcription_finished, item_id, "good day", talk.now)
    assert done["type"] == "conversation.item.input_audio_transcription.completed"
    assert done["usage"] == {
        "type": "tokens",
        "input_tokens": 58,
        "output_tokens": 2,
        "total_tokens": 60,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 58},
    }
    (retrieved,) = talk.client("conversation.item.retrieve", item_id=item_id)
    assert retrieved["item"]["content"][0]["transcript"] == "good day"
    assert talk.start_response().request.context[0].text == "good day"


def test_whisper_is_paid_by_the_second() -> None:
    talk, item_id = heard("gpt-realtime-whisper")
    (done,) = talk.report(talk.session.transcription_finished, item_id, "good day", talk.now)
    assert done["usage"] == {"type": "duration", "seconds": 5.8}


def test_likelihoods_come_when_they_are_asked_for() -> None:
    talk, item_id = heard()
    include = ["item.input_audio_transcription.logprobs"]
    talk.client("session.update", session={"type": "realtime", "include": include})
    (delta,) = talk.report(talk.session.transcription_delta, item_id, "good day", talk.now)
    (done,) = talk.report(talk.session.transcription_finished, item_id, "good day", talk.now)
    assert [entry["token"] for entry in done["logprobs"]] == ["good", " day"]
    assert delta["logprobs"][1] == {"token": " day", "logprob": 0.0, "bytes": list(b" day")}
    (second,) = talk.report(talk.session.transcription_delta, item_id, " day", talk.now)
    assert [entry["token"] for entry in second["logprobs"]] == [" day"]
    talk.client("session.update", session={"type": "realtime", "include": None})
    assert "logprobs" not in talk.report(talk.session.transcription_finished, item_id, "good", talk.now)[0]


def test_a_model_that_tells_speakers_apart_reports_segments() -> None:
    talk, item_id = heard("gpt-4o-transcribe-diarize")
    segment, done = talk.report(talk.session.transcription_finished, item_id, "good day", talk.now)
    assert segment["type"] == "conversation.item.input_audio_transcription.segment"
    assert (segment["text"], segment["start"], segment["end"]) == ("good day", 0.0, 5.8)
    assert done["transcript"] == "good day"


def test_a_failure_has_no_null_in_its_error() -> None:
    talk, item_id = heard()
    (failed,) = talk.report(talk.session.transcription_failed, item_id, "unintelligible", "Could not.", talk.now)
    assert failed["error"] == {"type": "transcription_error", "code": "unintelligible", "message": "Could not."}


def test_a_transcript_may_come_after_the_response() -> None:
    talk, item_id = heard()
    talk.spoken_turn()
    events = talk.report(talk.session.transcription_finished, item_id, "late", talk.now)
    assert types(events) == ["conversation.item.input_audio_transcription.completed"]


def test_transcripts_of_what_is_gone_or_was_never_spoken_are_ignored() -> None:
    talk, item_id = heard()
    talk.client("conversation.item.delete", item_id=item_id)
    talk.user_says("typed", id="typed")
    for gone in (item_id, "typed", "item_x"):
        assert talk.report(talk.session.transcription_delta, gone, "x", talk.now) == []
        assert talk.report(talk.session.transcription_finished, gone, "x", talk.now) == []
        assert talk.report(talk.session.transcription_failed, gone, "c", "m", talk.now) == []
