"""The session is shown with exactly the members that satisfied every SDK."""

from dataclasses import replace

from openai.types.realtime import RealtimeSessionCreateResponse

from limi.protocol import Transcription, default_config
from limi.protocol.session_echo import session_to_wire

MEMBERS = {
    "type", "object", "id", "model", "output_modalities", "instructions", "tools", "tool_choice",
    "max_output_tokens", "tracing", "truncation", "prompt", "expires_at", "audio", "include",
}  # fmt: skip


def test_a_realtime_session_has_these_members_and_no_others() -> None:
    shown = session_to_wire(default_config(model="gpt-realtime"), session_id="sess_1", expires_at=7)
    assert shown.keys() == MEMBERS
    assert shown["audio"]["input"].keys() == {"format", "transcription", "noise_reduction", "turn_detection"}
    assert shown["audio"]["output"].keys() == {"format", "voice", "speed"}
    assert {shown[name] for name in ("tracing", "prompt", "include")} == {None}
    assert (shown["truncation"], shown["max_output_tokens"], shown["tool_choice"]) == ("auto", "inf", "auto")
    parsed = RealtimeSessionCreateResponse.model_validate(shown, strict=True)
    assert (parsed.id, parsed.expires_at) == ("sess_1", 7)


def test_transcription_has_exactly_three_members() -> None:
    config = replace(default_config(model="gpt-realtime"), transcription=Transcription(model="whisper-1"))
    shown = session_to_wire(config, session_id="sess_1", expires_at=0)
    assert shown["audio"]["input"]["transcription"] == {"model": "whisper-1", "language": None, "prompt": None}
