"""On a transport with a media track, the server itself knows what was heard."""

from typing import Any

from limi.protocol import AudioFormat, ClearPlayback, Generate, PlayAudio, Transport
from tests.unit.protocol.harness import Harness, only_error, pcm, types, vad_config


def replying(**changes: Any) -> tuple[Harness, str]:
    """Return a WebRTC session whose reply of two seconds is playing, and the response's id."""
    talk = Harness(vad_config(**changes), transport=Transport.WEBRTC)
    talk.report(talk.session.receive_audio, pcm(1000), talk.now)
    talk.report(talk.session.speech_started, 300, talk.now)
    talk.report(talk.session.speech_stopped, 900, talk.now)
    response_id = talk.last(Generate).response_id
    talk.speech(response_id, "one two three four", 2000)
    talk.report(talk.session.playback_started, response_id, talk.now)
    return talk, response_id


def test_audio_goes_to_the_track_and_never_into_an_event() -> None:
    talk, response_id = replying()
    talk.report(talk.session.finish, response_id, talk.now)
    assert "response.output_audio.delta" not in types(talk.events)
    assert "response.output_audio.done" in types(talk.events)
    played = talk.last(PlayAudio)
    assert (played.response_id, played.audio) == (response_id, pcm(2000))


def test_a_track_gets_pcm_whatever_format_events_would_have() -> None:
    talk = Harness(vad_config(), transport=Transport.WEBRTC)
    telephone = {"output": {"format": {"type": "audio/pcmu"}}}
    talk.client("session.update", session={"type": "realtime", "audio": telephone})
    assert talk.start_response().request.output_format is AudioFormat.PCM16
    talk.client("response.cancel")
    assert talk.start_response(audio=telephone).request.output_format is AudioFormat.PCM16


def test_playback_starts_amid_the_response_and_stops_after_it() -> None:
    talk, response_id = replying()
    talk.report(talk.session.finish, response_id, talk.now)
    talk.report(talk.session.playback_stopped, response_id, talk.now)
    names = types(talk.events)
    assert (
        names.index("response.content_part.added")
        < names.index("output_audio_buffer.started")
        < names.index("response.done")
        < names.index("output_audio_buffer.stopped")
    )


def test_barge_in_cancels_clears_and_truncates_unasked() -> None:
    talk, response_id = replying()
    before = len(talk.events)
    talk.report(talk.session.speech_started, 950, talk.now)
    assert talk.last(ClearPlayback) == ClearPlayback(response_id)
    talk.report(talk.session.playback_cleared, response_id, 1000, talk.now)
    names = types(talk.events[before:])
    assert names[0] == "input_audio_buffer.speech_started"
    assert names[-4:] == [
        "response.done",
        "rate_limits.updated",
        "output_audio_buffer.cleared",
        "conversation.item.truncated",
    ]
    assert talk.events[-1]["audio_end_ms"] == 1000
    assert talk.start_response(conversation="none").request.context[-1].text == "one two"


def test_barge_in_after_the_response_is_done_still_truncates_what_was_not_heard() -> None:
    talk, response_id = replying()
    talk.report(talk.session.finish, response_id, talk.now)
    talk.report(talk.session.speech_started, 950, talk.now)
    events = talk.report(talk.session.playback_cleared, response_id, 500, talk.now)
    assert types(events) == ["output_audio_buffer.cleared", "conversation.item.truncated"]


def test_a_reply_heard_to_its_end_is_not_truncated() -> None:
    talk, response_id = replying()
    talk.report(talk.session.finish, response_id, talk.now)
    talk.report(talk.session.speech_started, 950, talk.now)
    events = talk.report(talk.session.playback_cleared, response_id, 2000, talk.now)
    assert types(events) == ["output_audio_buffer.cleared"]


def test_the_client_may_silence_the_server() -> None:
    talk, response_id = replying()
    talk.client("response.cancel")
    assert talk.client("output_audio_buffer.clear") == []
    assert talk.last(ClearPlayback) == ClearPlayback(response_id)
    events = talk.report(talk.session.playback_cleared, response_id, 500, talk.now)
    assert types(events) == ["output_audio_buffer.cleared"]


def test_a_plain_socket_has_no_output_buffer() -> None:
    error = only_error(Harness().client("output_audio_buffer.clear", event_id="c"))
    assert (error["code"], error["param"], error["event_id"]) == ("invalid_value", "type", "c")
    assert "response.cancel" in error["message"]
    assert "'output_audio_buffer.clear'," not in error["message"]


def test_the_idle_timeout_waits_for_the_end_of_playback() -> None:
    talk, response_id = replying(idle_timeout_ms=5000)
    talk.report(talk.session.finish, response_id, talk.now)
    assert talk.session.next_deadline() == 3600
    talk.now = 2.0
    talk.report(talk.session.playback_stopped, response_id, talk.now)
    assert talk.session.next_deadline() == 7.0


def test_a_text_response_touches_no_output_buffer() -> None:
    talk = Harness(vad_config(), transport=Transport.WEBRTC)
    response_id = talk.start_response(output_modalities=["text"]).response_id
    talk.report(talk.session.text_delta, response_id, "hello", talk.now)
    talk.report(talk.session.finish, response_id, talk.now)
    assert not any(name.startswith("output_audio_buffer") for name in types(talk.events))


def test_reports_on_what_is_not_playing_are_ignored() -> None:
    talk = Harness(vad_config(), transport=Transport.WEBRTC)
    assert talk.report(talk.session.playback_started, "resp_x", talk.now) == []
    assert talk.report(talk.session.playback_stopped, "resp_x", talk.now) == []
    assert talk.report(talk.session.playback_cleared, "resp_x", 0, talk.now) == []
