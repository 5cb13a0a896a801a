"""`session.update` changes what it names, all of it or nothing."""

from typing import Any

import pytest

from limi.protocol import ConfigureVAD, SessionType, default_config
from tests.unit.protocol.harness import Harness, manual_config, only_error, types, vad_config


def update(talk: Harness, **session: Any) -> dict[str, Any]:
    """Send an update that must succeed; return the session as the server shows it."""
    event = talk.client("session.update", session={"type": "realtime"} | session)[0]
    assert event["type"] == "session.updated", event
    shown: dict[str, Any] = event["session"]
    return shown


def refuse(talk: Harness, **session: Any) -> dict[str, Any]:
    """Send an update that must fail without any change; return the error."""
    before = talk.session.config
    error = only_error(
        talk.client(
            "session.update", session={"type": "realtime", "instructions": "changed"} | session, event_id="u"
        )
    )
    assert talk.session.config is before
    assert error["event_id"] == "u"
    return error


def test_what_is_left_out_stays() -> None:
    talk = Harness(vad_config(threshold=0.7))
    before = talk.greeting[0]["session"]
    after = update(talk, instructions="Speak like a sailor.")
    assert after == before | {"instructions": "Speak like a sailor."}


def test_containers_are_merged_member_by_member() -> None:
    talk = Harness(vad_config())
    update(talk, audio={"output": {"voice": "ash"}})
    update(talk, audio={"input": {"transcription": {"model": "whisper-1"}}, "output": {"speed": 1.25}})
    shown = update(talk, audio={"input": {"noise_reduction": {"type": "far_field"}}})
    assert shown["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "voice": "ash",
        "speed": 1.25,
    }
    assert shown["audio"]["input"]["transcription"] == {"model": "whisper-1", "language": None, "prompt": None}
    assert shown["audio"]["input"]["noise_reduction"] == {"type": "far_field"}


def test_turn_detection_is_shown_with_every_default() -> None:
    talk = Harness(manual_config())
    shown = update(talk, audio={"input": {"turn_detection": {"type": "semantic_vad"}}})
    assert shown["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }
    shown = update(talk, audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.9}}})
    assert shown["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.9,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    }


def test_turn_detection_of_the_same_type_keeps_what_is_not_named() -> None:
    talk = Harness(vad_config(threshold=0.9))
    shown = update(talk, audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 700}}})
    assert shown["audio"]["input"]["turn_detection"]["threshold"] == 0.9
    update(talk, audio={"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}})
    shown = update(talk, audio={"input": {"turn_detection": {"type": "semantic_vad", "create_response": False}}})
    assert shown["audio"]["input"]["turn_detection"]["eagerness"] == "low"


def test_null_switches_off_and_emptiness_clears() -> None:
    talk = Harness(vad_config())
    update(
        talk,
        include=["item.input_audio_transcription.logprobs"],
        tools=[{"type": "function", "name": "f"}],
        audio={"input": {"transcription": {"model": "m"}, "noise_reduction": {"type": "near_field"}}},
    )
    shown = update(
        talk,
        include=None,
        tools=[],
        instructions="",
        prompt=None,
        audio={"input": {"transcription": None, "noise_reduction": None, "turn_detection": None}},
    )
    assert shown["include"] is None
    assert shown["tools"] == []
    assert shown["instructions"] == ""
    assert {shown["audio"]["input"][name] for name in ("transcription", "noise_reduction", "turn_detection")} == {
        None
    }


def test_strings_are_shown_as_strings_and_objects_as_objects() -> None:
    talk = Harness()
    shown = update(
        talk,
        tool_choice="required",
        max_output_tokens=512,
        truncation={"type": "retention_ratio", "retention_ratio": 0.8},
        reasoning={"effort": "low"},
        output_modalities=["text"],
        audio={"output": {"voice": {"id": "voice_abc"}}},
    )
    assert shown["tool_choice"] == "required"
    assert shown["max_output_tokens"] == 512
    assert shown["truncation"] == {"type": "retention_ratio", "retention_ratio": 0.8}
    assert shown["reasoning"] == {"effort": "low"}
    assert shown["output_modalities"] == ["text"]
    assert shown["audio"]["output"]["voice"] == "voice_abc"
    assert update(talk, tool_choice={"type": "function", "name": "f"})["tool_choice"] == {
        "type": "function",
        "name": "f",
    }


def test_the_same_model_and_tracing_are_accepted_as_the_agents_sdks_send_them() -> None:
    talk = Harness()
    assert update(talk, model="gpt-realtime", tracing="auto")["tracing"] == "auto"
    assert update(talk, model="gpt-realtime", tracing="auto")["model"] == "gpt-realtime"


def test_tracing_cannot_be_changed_once_it_is_on() -> None:
    talk = Harness()
    update(talk, tracing="auto")
    assert refuse(talk, tracing={"workflow_name": "w"})["param"] == "session.tracing"


def test_another_model_is_refused() -> None:
    assert refuse(Harness(), model="gpt-realtime-mini")["param"] == "session.model"


def test_the_voice_is_fixed_after_the_first_audio_and_may_be_repeated() -> None:
    talk = Harness()
    update(talk, audio={"output": {"voice": "ash"}})
    talk.spoken_turn()
    assert refuse(talk, audio={"output": {"voice": "sage"}})["code"] == "cannot_update_voice"
    update(talk, audio={"output": {"voice": "ash"}})
    assert (
        only_error(talk.client("response.create", response={"audio": {"output": {"voice": "sage"}}}))["code"]
        == "cannot_update_voice"
    )


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"voice": "ash"}, "unknown_parameter", "session.voice"),
        ({"audio": {"input": {"vad": 1}}}, "unknown_parameter", "session.audio.input.vad"),
        (
            {"tools": [{"type": "function", "name": "f", "strict": True}]},
            "unknown_parameter",
            "session.tools[0].strict",
        ),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        ({"tools": [{"name": "f"}]}, "missing_required_parameter", "session.tools[0].type"),
        ({"type": "video"}, "invalid_value", "session.type"),
        ({"type": None}, "invalid_value", "session.type"),
        ({"instructions": 7}, "invalid_value", "session.instructions"),
        ({"instructions": None}, "invalid_value", "session.instructions"),
        ({"output_modalities": ["text", "audio"]}, "invalid_value", "session.output_modalities"),
        ({"output_modalities": []}, "invalid_value", "session.output_modalities"),
        ({"max_output_tokens": 0}, "invalid_value", "session.max_output_tokens"),
        ({"max_output_tokens": 4097}, "invalid_value", "session.max_output_tokens"),
        ({"audio": {"output": {"speed": 9}}}, "invalid_value", "session.audio.output.speed"),
        ({"audio": {"output": {"voice": "nobody"}}}, "invalid_value", "session.audio.output.voice"),
        (
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
            "invalid_value",
            "session.audio.input.format.rate",
        ),
        (
            {"audio": {"input": {"turn_detection": {"threshold": 1}}}},
            "missing_required_parameter",
            "session.audio.input.turn_detection.type",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 4999}}}},
            "invalid_value",
            "session.audio.input.turn_detection.idle_timeout_ms",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "threshold": 0.5}}}},
            "unknown_parameter",
            "session.audio.input.turn_detection.threshold",
        ),
    ],
)
def test_a_bad_member_is_named_and_nothing_is_applied(session: dict[str, Any], code: str, param: str) -> None:
    error = refuse(Harness(), **session)
    assert (error["code"], error["param"]) == (code, param)


def test_the_speed_changes_between_responses_only() -> None:
    talk = Harness()
    response_id = talk.start_response().response_id
    faster = {"type": "realtime", "audio": {"output": {"speed": 1.5}}}
    error = only_error(talk.client("session.update", session=faster, event_id="s"))
    assert (error["param"], error["event_id"]) == ("session.audio.output.speed", "s")
    same = {"type": "realtime", "audio": {"output": {"speed": 1}}}
    assert talk.client("session.update", session=same)[0]["type"] == "session.updated"
    talk.report(talk.session.finish, response_id, talk.now)
    (updated,) = talk.client("session.update", session=faster)
    assert updated["session"]["audio"]["output"]["speed"] == 1.5


def test_a_session_without_type_is_refused() -> None:
    talk = Harness()
    error = only_error(talk.client("session.update", session={"instructions": "x"}))
    assert (error["code"], error["param"]) == ("missing_required_parameter", "session.type")


def test_a_session_keeps_its_type() -> None:
    assert refuse(Harness(), type="transcription")["code"] == "unknown_parameter"
    talk = Harness()
    error = only_error(talk.client("session.update", session={"type": "transcription"}))
    assert error["param"] == "session.type"
    listening = Harness(default_config(model="m", session_type=SessionType.TRANSCRIPTION))
    assert only_error(listening.client("session.update", session={"type": "realtime"}))["param"] == "session.type"


def test_a_transcription_session_is_changed_and_shown_in_its_own_shape() -> None:
    talk = Harness(default_config(model="m", session_type=SessionType.TRANSCRIPTION))
    turn_detection = {"type": "server_vad", "silence_duration_ms": 900}
    audio = {"input": {"transcription": {"model": "gpt-4o-transcribe"}, "turn_detection": turn_detection}}
    (event,) = talk.client("session.update", session={"type": "transcription", "audio": audio})
    assert event["session"].keys() == {"type", "object", "id", "expires_at", "audio", "include"}
    assert event["session"]["object"] == "realtime.transcription_session"
    assert event["session"]["audio"]["input"]["turn_detection"].keys() == {
        "type",
        "threshold",
        "prefix_padding_ms",
        "silence_duration_ms",
    }


def test_credentials_of_an_mcp_server_are_neither_shown_nor_printed() -> None:
    talk = Harness()
    tool = {
        "type": "mcp",
        "server_label": "docs",
        "server_url": "https://example.test",
        "authorization": "very-secret",
        "headers": {"x-key": "very-secret"},
    }
    shown = update(talk, tools=[tool])
    assert shown["tools"] == [{"type": "mcp", "server_label": "docs", "server_url": "https://example.test"}]
    assert "very-secret" not in repr(talk.session.config)


def test_a_later_bad_member_undoes_the_good_ones_before_it() -> None:
    talk = Harness(vad_config())
    before = talk.session.config
    good = {"instructions": "Changed.", "audio": {"input": {"turn_detection": None}}, "tools": []}
    refuse(talk, **good, audio_end=1)
    refuse(talk, **good, tool_choice={"type": "function"})
    refuse(talk, **good, model="gpt-realtime-2.1")
    assert talk.session.config is before
    assert talk.effects_of(ConfigureVAD)[1:] == [], "the detector was not touched either"


def test_an_update_is_answered_by_exactly_one_event() -> None:
    assert types(Harness().client("session.update", session={"type": "realtime"})) == ["session.updated"]
