"""Every event that upstream's types know is sent, or there is a reason why not."""

from functools import cache
from typing import get_args

from openai.types.realtime import RealtimeServerEvent

from limi.protocol import Generate, IncompleteReason, Transport
from tests.unit.protocol.harness import Harness, only_error, pcm, types, vad_config

NOT_SENT = {
    "conversation.created": "typed upstream, never seen on the wire",
    "conversation.item.created": "the beta's name; item.added and item.done came in its place",
    "input_audio_buffer.dtmf_event_received": "telephones only",
    "mcp_list_tools.completed": "no MCP server is called",
    "response.mcp_call.completed": "no MCP server is called",
    "response.mcp_call.failed": "no MCP server is called",
    "response.mcp_call.in_progress": "no MCP server is called",
    "response.mcp_call_arguments.delta": "no MCP server is called",
    "response.mcp_call_arguments.done": "no MCP server is called",
}
MEDIA_TRACK_ONLY = {
    "output_audio_buffer.started",
    "output_audio_buffer.stopped",
    "output_audio_buffer.cleared",
}
NO_MEDIA_TRACK = {"response.output_audio.delta"}


def typed_events() -> set[str]:
    """Return the types of all server events in openai-python."""
    union = get_args(RealtimeServerEvent)[0]
    return {get_args(event.model_fields["type"].annotation)[0] for event in get_args(union)}


@cache
def sent_over(transport: Transport) -> frozenset[str]:
    """Hold a conversation in which everything happens once; return the types of the events."""
    talk = Harness(vad_config(idle_timeout_ms=5000), transport=transport)
    session, now = talk.session, talk.now
    server = {"type": "mcp", "server_label": "shop", "server_url": "https://shop.example"}
    transcription = {"model": "gpt-4o-transcribe-diarize"}
    talk.client(
        "session.update",
        session={"type": "realtime", "tools": [server], "audio": {"input": {"transcription": transcription}}},
    )
    talk.client("input_audio_buffer.clear")
    talk.report(session.receive_audio, pcm(1000), now)
    user = talk.report(session.speech_started, 400, now)[0]["item_id"]
    talk.report(session.speech_stopped, 900, now)
    talk.report(session.transcription_delta, user, "good", now)
    talk.report(session.transcription_finished, user, "good day", now)
    talk.report(session.transcription_failed, user, "code", "message", now)
    response_id = talk.last(Generate).response_id
    talk.speech(response_id, "good day to you", 1000)
    talk.report(session.playback_started, response_id, now)
    item_id = next(event for event in talk.events if event["type"] == "response.content_part.added")["item_id"]
    talk.report(session.function_call_started, response_id, "look", now)
    talk.report(session.function_call_delta, response_id, "{}", now)
    talk.report(session.finish, response_id, now)
    talk.report(session.playback_stopped, response_id, now)
    talk.client("conversation.item.retrieve", item_id=item_id)
    talk.client("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=500)
    talk.client("conversation.item.delete", item_id=item_id)
    talk.now += 10
    talk.report(session.tick, talk.now)
    spoken = talk.last(Generate).response_id
    talk.speech(spoken, "are you there", 1000)
    talk.report(session.finish, spoken, talk.now, IncompleteReason.CONTENT_FILTER)
    talk.report(session.playback_cleared, spoken, 10, talk.now)
    written = talk.start_response(output_modalities=["text"]).response_id
    talk.report(session.text_delta, written, "words", talk.now)
    talk.report(session.fail, written, "code", "message", talk.now)
    only_error(talk.client("response.cancel"))
    return frozenset(types(talk.greeting + talk.events))


def test_every_event_that_applies_is_sent_over_one_transport_or_the_other() -> None:
    sent = sent_over(Transport.WEBSOCKET) | sent_over(Transport.WEBRTC)
    assert sent == typed_events() - NOT_SENT.keys()


def test_the_transports_differ_in_what_belongs_to_a_media_track() -> None:
    over_websocket, over_webrtc = sent_over(Transport.WEBSOCKET), sent_over(Transport.WEBRTC)
    assert over_webrtc - over_websocket == MEDIA_TRACK_ONLY
    assert over_websocket - over_webrtc == NO_MEDIA_TRACK
