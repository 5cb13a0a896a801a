"""The user's audio becomes turns, and turns become responses."""

from dataclasses import replace

import pytest

from limi.protocol import (
    AudioFormat,
    ConfigureVAD,
    FeedVAD,
    Generate,
    Limits,
    SemanticVAD,
    SessionType,
    StopGenerating,
    StopReason,
    Transcribe,
    Transcription,
    default_config,
)
from tests.unit.protocol.harness import Harness, manual_config, only_error, pcm, text_of, types, vad_config

COMMITTED = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]


def spoken(talk: Harness, *, begin_ms: int, end_ms: int) -> list[str]:
    """Let the detector hear one turn; return the types of what the session says."""
    before = len(talk.events)
    talk.report(talk.session.speech_started, begin_ms, talk.now)
    talk.report(talk.session.speech_stopped, end_ms, talk.now)
    return types(talk.events[before:])


def test_a_spoken_turn_has_the_order_of_the_captures() -> None:
    talk = Harness(vad_config())
    talk.user_says("earlier")
    talk.speak(3000)
    assert spoken(talk, begin_ms=1000, end_ms=2500) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        *COMMITTED,
        "response.created",
    ]
    started, stopped, committed, added, done, _ = talk.events[-6:]
    earlier = talk.events[1]["item"]["id"]
    assert started["audio_start_ms"] == 700, "the prefix padding belongs to the turn"
    assert stopped["audio_end_ms"] == 2500
    assert started["item_id"] == stopped["item_id"] == committed["item_id"] == added["item"]["id"]
    assert committed["previous_item_id"] == added["previous_item_id"] == earlier
    assert added["item"] == done["item"]
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    heard = talk.last(Generate).request.last_user_item
    assert heard is not None
    assert heard.audio == pcm(1800)
    assert heard.audio_ms == 1800


def test_the_detector_hears_whole_samples_in_order_with_their_position() -> None:
    talk = Harness(vad_config())
    talk.client("input_audio_buffer.append", audio=text_of(b"\1\2\3"))
    talk.client("input_audio_buffer.append", audio=text_of(b"\4" + pcm(10)))
    talk.speak(100)
    chunks = talk.effects_of(FeedVAD)
    assert b"".join(chunk.audio for chunk in chunks) == b"\1\2\3\4" + pcm(110)
    assert [len(chunk.audio) % 2 for chunk in chunks] == [0, 0, 0]
    assert [chunk.start_ms for chunk in chunks] == [0, 0, 10]


def test_a_turn_cannot_begin_before_the_audio_that_is_there() -> None:
    talk = Harness(vad_config())
    talk.speak(1000)
    spoken(talk, begin_ms=100, end_ms=600)
    assert talk.events[1]["type"] == "input_audio_buffer.speech_started"
    assert talk.events[1]["audio_start_ms"] == 0
    assert talk.last(Generate).request.last_user_item is not None


def test_a_turn_right_after_another_has_the_silence_between_them_and_no_more() -> None:
    """Its first sound may be so soft that it counted as a part of that silence."""
    talk = Harness(vad_config())
    talk.speak(1000)
    spoken(talk, begin_ms=100, end_ms=600)
    talk.client("response.cancel")
    assert spoken(talk, begin_ms=650, end_ms=1000)[0] == "input_audio_buffer.speech_started"
    started, stopped = (event for event in talk.events[-8:] if "speech_st" in event["type"])
    assert (started["audio_start_ms"], stopped["audio_end_ms"]) == (400, 1000)
    heard = talk.last(Generate).request.last_user_item
    assert heard is not None
    assert heard.audio_ms == 600


def test_what_a_turn_has_taken_is_not_committed_again_by_the_client() -> None:
    talk = Harness(vad_config())
    talk.speak(600)
    spoken(talk, begin_ms=100, end_ms=600)
    error = only_error(talk.client("input_audio_buffer.commit"))
    assert error["code"] == "input_audio_buffer_commit_empty"


@pytest.mark.parametrize("action", ["commit", "clear"])
def test_no_turn_reaches_back_over_what_the_client_has_taken_away(action: str) -> None:
    talk = Harness(vad_config(create_response=False))
    talk.speak(1000)
    spoken(talk, begin_ms=100, end_ms=800)
    talk.client(f"input_audio_buffer.{action}")
    talk.speak(500)
    (started,) = talk.report(talk.session.speech_started, 1050, talk.now)
    assert started["audio_start_ms"] == 1000


def test_turns_that_end_with_a_short_silence_share_no_more_than_that() -> None:
    talk = Harness(vad_config(create_response=False, silence_duration_ms=50))
    talk.speak(1000)
    spoken(talk, begin_ms=100, end_ms=600)
    (started,) = talk.report(talk.session.speech_started, 650, talk.now)
    assert started["audio_start_ms"] == 550


def test_without_create_response_the_turn_waits_for_the_client() -> None:
    talk = Harness(vad_config(create_response=False))
    talk.speak(1000)
    assert spoken(talk, begin_ms=100, end_ms=900)[-1] == "conversation.item.done"
    assert not talk.effects_of(Generate)
    talk.start_response()


def test_barge_in_closes_the_response_before_the_turn_goes_on() -> None:
    talk = Harness(vad_config())
    talk.speak(1000)
    spoken(talk, begin_ms=100, end_ms=900)
    response_id = talk.last(Generate).response_id
    talk.speech(response_id, "As I was saying", 2000)
    events = talk.report(talk.session.speech_started, 950, talk.now)
    assert types(events) == [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    assert events[5]["item"]["status"] == "incomplete"
    assert events[6]["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert talk.last(StopGenerating) == StopGenerating(response_id, StopReason.TURN_DETECTED)
    item_id = events[5]["item"]["id"]
    truncated = talk.client("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=500)
    assert types(truncated) == ["conversation.item.truncated"]


def test_a_response_that_may_not_be_interrupted_is_followed_by_the_next() -> None:
    talk = Harness(vad_config(interrupt_response=False))
    talk.speak(1000)
    spoken(talk, begin_ms=0, end_ms=400)
    first = talk.last(Generate).response_id
    assert "response.done" not in spoken(talk, begin_ms=500, end_ms=900)
    assert talk.last(Generate).response_id == first
    events = talk.report(talk.session.finish, first, talk.now)
    assert types(events) == ["response.done", "rate_limits.updated", "response.created"]
    assert talk.last(Generate).response_id != first


def test_a_response_that_is_owed_waits_until_the_user_has_finished() -> None:
    talk = Harness(vad_config(interrupt_response=False))
    talk.speak(1000)
    spoken(talk, begin_ms=0, end_ms=300)
    spoken(talk, begin_ms=400, end_ms=600)
    talk.report(talk.session.speech_started, 700, talk.now)
    first = talk.last(Generate).response_id
    assert types(talk.report(talk.session.finish, first, talk.now)) == ["response.done", "rate_limits.updated"]
    assert types(talk.report(talk.session.speech_stopped, 900, talk.now))[-1] == "response.created"
    assert len(talk.last(Generate).request.context) == 3
    assert len(talk.effects_of(Generate)) == 2


def test_an_out_of_band_response_survives_a_barge_in() -> None:
    talk = Harness(vad_config())
    talk.start_response(conversation="none")
    talk.speak(500)
    assert types(talk.report(talk.session.speech_started, 100, talk.now)) == ["input_audio_buffer.speech_started"]


def test_detector_reports_out_of_place_are_ignored() -> None:
    talk = Harness(vad_config())
    assert talk.report(talk.session.speech_stopped, 10, talk.now) == []
    talk.report(talk.session.speech_started, 0, talk.now)
    assert talk.report(talk.session.speech_started, 0, talk.now) == []
    manual = Harness(manual_config())
    assert manual.report(manual.session.speech_started, 0, manual.now) == []


def test_a_manual_turn_is_committed_and_answered_by_the_client() -> None:
    talk = Harness(manual_config())
    assert talk.speak(500) == []
    assert not talk.effects_of(FeedVAD)
    assert types(talk.client("input_audio_buffer.commit")) == COMMITTED
    assert not talk.effects_of(Generate)
    item = talk.start_response().request.context[0]
    assert (item.audio, item.audio_format, item.audio_ms) == (pcm(500), AudioFormat.PCM16, 500)


@pytest.mark.parametrize(("size", "shown"), [(0, "0.00ms"), (4798, "99.96ms")])
def test_a_commit_needs_a_tenth_of_a_second(size: int, shown: str) -> None:
    talk = Harness(manual_config())
    talk.client("input_audio_buffer.append", audio=text_of(b"\0" * size))
    error = only_error(talk.client("input_audio_buffer.commit", event_id="c"))
    assert error["code"] == "input_audio_buffer_commit_empty"
    assert shown in error["message"]
    assert error["event_id"] == "c"


def test_clear_empties_the_buffer_and_positions_go_on() -> None:
    talk = Harness(vad_config())
    talk.speak(500)
    assert types(talk.client("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    talk.speak(500)
    talk.report(talk.session.speech_started, 600, talk.now)
    assert talk.events[-1]["audio_start_ms"] == 500


def test_a_turn_whose_audio_was_cleared_leaves_no_item() -> None:
    talk = Harness(vad_config())
    talk.speak(500)
    talk.report(talk.session.speech_started, 100, talk.now)
    talk.client("input_audio_buffer.clear")
    assert types(talk.report(talk.session.speech_stopped, 500, talk.now)) == ["input_audio_buffer.speech_stopped"]


def test_a_commit_in_an_open_turn_takes_the_announced_id_and_restarts_the_detector() -> None:
    talk = Harness(vad_config())
    talk.speak(500)
    started = talk.report(talk.session.speech_started, 100, talk.now)
    committed = talk.client("input_audio_buffer.commit")
    assert committed[0]["item_id"] == started[0]["item_id"]
    assert talk.last(ConfigureVAD).in_speech is False
    assert talk.report(talk.session.speech_stopped, 500, talk.now) == []


def test_speech_is_transcribed_when_the_session_says_so() -> None:
    transcription = Transcription(model="gpt-4o-mini-transcribe", language="en")
    talk = Harness(manual_config(transcription=transcription))
    talk.speak(200)
    committed = talk.client("input_audio_buffer.commit")
    assert talk.last(Transcribe) == Transcribe(committed[0]["item_id"], pcm(200), AudioFormat.PCM16, transcription)


def test_a_transcription_session_listens_and_never_answers() -> None:
    config = default_config(model="gpt-4o-transcribe", session_type=SessionType.TRANSCRIPTION)
    talk = Harness(config)
    talk.speak(1000)
    assert spoken(talk, begin_ms=0, end_ms=900)[-1] == "conversation.item.done"
    assert not talk.effects_of(Generate)
    assert only_error(talk.client("response.create"))["code"] == "invalid_value"


def test_the_detector_is_told_about_every_change_that_concerns_it() -> None:
    talk = Harness(vad_config())
    assert talk.last(ConfigureVAD) == ConfigureVAD(
        talk.session.config.turn_detection, AudioFormat.PCM16, in_speech=False
    )
    talk.speak(300)
    talk.report(talk.session.speech_started, 100, talk.now)
    session = {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}
    talk.client("session.update", session=session)
    assert talk.last(ConfigureVAD) == ConfigureVAD(SemanticVAD(), AudioFormat.PCM16, in_speech=True)
    count = len(talk.effects_of(ConfigureVAD))
    talk.client("session.update", session={"type": "realtime", "instructions": "Be kind."})
    assert len(talk.effects_of(ConfigureVAD)) == count


def test_switching_detection_off_ends_the_turn_and_keeps_the_audio() -> None:
    talk = Harness(vad_config())
    talk.speak(300)
    talk.report(talk.session.speech_started, 100, talk.now)
    session = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    talk.client("session.update", session=session)
    assert talk.last(ConfigureVAD).turn_detection is None
    assert talk.report(talk.session.speech_stopped, 300, talk.now) == []
    talk.client("input_audio_buffer.commit")
    assert talk.start_response().request.context[0].audio == pcm(300)


def test_a_detector_switched_on_later_hears_only_what_follows() -> None:
    talk = Harness(manual_config())
    talk.speak(300)
    session = {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad"}}}}
    talk.client("session.update", session=session)
    talk.speak(100)
    assert [chunk.start_ms for chunk in talk.effects_of(FeedVAD)] == [300]


def test_time_in_g711_counts_eight_thousand_bytes_a_second() -> None:
    config = replace(vad_config(), input_format=AudioFormat.PCMU)
    talk = Harness(config)
    talk.client("input_audio_buffer.append", audio=text_of(b"\xff" * 8000))
    talk.report(talk.session.speech_started, 500, talk.now)
    talk.report(talk.session.speech_stopped, 1000, talk.now)
    assert talk.last(Generate).request.context[0].audio_ms == 800


def test_the_buffer_is_bounded() -> None:
    talk = Harness(manual_config(), limits=Limits(buffer_bytes=4800))
    talk.speak(100)
    assert only_error(talk.speak(100))["code"] == "input_audio_buffer_full"
    assert types(talk.client("input_audio_buffer.commit")) == COMMITTED


def test_silence_does_not_fill_the_buffer_while_the_detector_listens() -> None:
    talk = Harness(vad_config(), limits=Limits(buffer_bytes=48 * 1000, silence_kept_ms=500))
    assert talk.speak(5000) == []
    talk.report(talk.session.speech_started, 4000, talk.now)
    assert talk.events[-1]["audio_start_ms"] == 4500


def test_a_full_conversation_refuses_a_turn_aloud() -> None:
    talk = Harness(vad_config(), limits=Limits(items=1))
    talk.user_says("only one")
    talk.speak(500)
    assert spoken(talk, begin_ms=0, end_ms=400)[-1] == "error"
    assert talk.events[-1]["error"]["code"] == "conversation_full"
    assert talk.events[-1]["error"]["event_id"] is None


class TestIdleTimeout:
    """After a reply and a long silence the assistant speaks up by itself."""

    def waiting(self, **changes: object) -> Harness:
        """Return a session just after a reply of two seconds."""
        talk = Harness(vad_config(**({"idle_timeout_ms": 5000} | changes)))
        talk.speak(1000)
        spoken(talk, begin_ms=0, end_ms=900)
        response_id = talk.last(Generate).response_id
        talk.speech(response_id, "Anything else?", 2000)
        talk.now = 0.5
        talk.report(talk.session.finish, response_id, talk.now)
        return talk

    def test_it_counts_from_the_end_of_playback(self) -> None:
        assert self.waiting().session.next_deadline() == 7.0

    def test_it_commits_the_silence_and_answers(self) -> None:
        talk = self.waiting()
        talk.now = 6.9
        talk.speak(6000)
        assert talk.report(talk.session.tick, talk.now) == []
        talk.now = 7.0
        events = talk.report(talk.session.tick, talk.now)
        assert types(events) == ["input_audio_buffer.timeout_triggered", *COMMITTED, "response.created"]
        assert (events[0]["audio_start_ms"], events[0]["audio_end_ms"]) == (2000, 7000)
        assert events[0]["item_id"] == events[1]["item_id"]

    def test_it_answers_also_when_no_audio_is_streamed(self) -> None:
        talk = self.waiting()
        talk.now = 8.0
        assert types(talk.report(talk.session.tick, talk.now))[-1] == "response.created"

    def test_speech_switches_it_off(self) -> None:
        talk = self.waiting()
        talk.report(talk.session.speech_started, 950, talk.now)
        assert talk.session.next_deadline() == 3600

    def test_another_response_switches_it_off(self) -> None:
        talk = self.waiting()
        talk.start_response()
        assert talk.session.next_deadline() == 3600

    def test_the_client_may_switch_it_off(self) -> None:
        talk = self.waiting()
        turn_detection = {"type": "server_vad", "idle_timeout_ms": None}
        talk.client(
            "session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": turn_detection}}}
        )
        talk.now = 8.0
        assert talk.report(talk.session.tick, talk.now) == []

    def test_nothing_waits_without_it(self) -> None:
        assert self.waiting(idle_timeout_ms=None).session.next_deadline() == 3600
