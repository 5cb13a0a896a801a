"""A session object is read by its type, and with it every member."""

from typing import Any

import pytest
from msgspec import UNSET

from limi.protocol.errors import ProtocolError
from limi.protocol.session_request import (
    RealtimeSessionRequest,
    SemanticVADRequest,
    TranscriptionSessionRequest,
    parse_session,
)

_LOGPROBS = "item.input_audio_transcription.logprobs"


def test_null_and_absent_are_told_apart() -> None:
    absent = parse_session({"type": "realtime"})
    null = parse_session({"type": "realtime", "audio": {"input": {"turn_detection": None, "transcription": None}}})
    assert isinstance(absent, RealtimeSessionRequest)
    assert absent.audio.input.turn_detection is UNSET
    assert null.audio.input.turn_detection is None
    assert null.audio.input.transcription is None


def test_everything_upstream_documents_is_read() -> None:
    request = parse_session(
        {
            "type": "realtime",
            "model": "gpt-realtime",
            "output_modalities": ["audio"],
            "instructions": "i",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {
                        "model": "gpt-transcribe",
                        "language": "en",
                        "languages": ["en", "de"],
                        "keywords": ["Limi"],
                        "prompt": "p",
                        "delay": "low",
                    },
                    "noise_reduction": {"type": "near_field", "strength": 0.5},
                    "turn_detection": {"type": "semantic_vad", "eagerness": "high", "interrupt_response": False},
                },
                "output": {"format": {"type": "audio/pcma"}, "voice": "cedar", "speed": 1},
            },
            "include": ["item.input_audio_transcription.logprobs"],
            "tools": [
                {"type": "function", "name": "f", "description": "d", "parameters": {"$schema": "s"}},
                {
                    "type": "mcp",
                    "server_label": "s",
                    "connector_id": "connector_gmail",
                    "allowed_tools": {"tool_names": ["t"], "read_only": True},
                    "require_approval": {"always": {"tool_names": ["t"]}},
                    "allowed_callers": ["direct"],
                    "defer_loading": True,
                },
            ],
            "tool_choice": {"type": "mcp", "server_label": "s"},
            "parallel_tool_calls": False,
            "reasoning": {"effort": "minimal"},
            "max_output_tokens": "inf",
            "truncation": {
                "type": "retention_ratio",
                "retention_ratio": 1,
                "token_limits": {"post_instructions": 9},
            },
            "tracing": {"workflow_name": "w", "group_id": "g", "metadata": {"k": 1}},
            "prompt": {"id": "pmpt_1", "version": "2", "variables": {"name": "Ada"}},
        }
    )
    assert isinstance(request.audio.input.turn_detection, SemanticVADRequest)


def test_the_type_decides_what_is_known() -> None:
    assert isinstance(parse_session({"type": "transcription"}), TranscriptionSessionRequest)
    with pytest.raises(ProtocolError, match=r"'session\.instructions'"):
        parse_session({"type": "transcription", "instructions": "i"})


@pytest.mark.parametrize("value", [None, [], "realtime", 7])
def test_it_must_be_an_object(value: object) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_session(value)
    assert (caught.value.code, caught.value.param) == ("invalid_value", "session")


_SCHEMA = {"type": "object", "properties": {"a": {"enum": ["x" * 1_000] * 70}}}


@pytest.mark.parametrize(
    ("members", "code", "param"),
    [
        ({"instructions": "i" * 131_073}, "string_above_max_length", "session.instructions"),
        ({"model": "m" * 257}, "string_above_max_length", "session.model"),
        (
            {"tools": [{"type": "function", "name": "f" * 129}]},
            "string_above_max_length",
            "session.tools[0].name",
        ),
        ({"tools": [{"type": "function", "name": "a b"}]}, "invalid_value", "session.tools[0].name"),
        (
            {
                "tools": [
                    {"type": "function", "name": "f"},
                    {"type": "function", "name": "g", "description": "d" * 16_385},
                ]
            },
            "string_above_max_length",
            "session.tools[1].description",
        ),
        (
            {"tools": [{"type": "function", "name": "f", "parameters": _SCHEMA}]},
            "invalid_value",
            "session.tools[0].parameters",
        ),
        (
            {"tools": [{"type": "function", "name": f"f{i}"} for i in range(129)]},
            "array_above_max_length",
            "session.tools",
        ),
        (
            {"tools": [{"type": "mcp", "server_label": "s", "headers": {str(i): "" for i in range(65)}}]},
            "object_above_max_properties",
            "session.tools[0].headers",
        ),
        (
            {"audio": {"input": {"transcription": {"prompt": "p" * 16_385}}}},
            "string_above_max_length",
            "session.audio.input.transcription.prompt",
        ),
        (
            {"audio": {"input": {"transcription": {"keywords": ["k"] * 1_001}}}},
            "array_above_max_length",
            "session.audio.input.transcription.keywords",
        ),
        ({"include": [_LOGPROBS] * 17}, "array_above_max_length", "session.include"),
        ({"tracing": {"metadata": {"m": "x" * 70_000}}}, "invalid_value", "session.tracing.metadata"),
        ({"prompt": {"id": "p", "variables": {"v": "x" * 70_000}}}, "invalid_value", "session.prompt.variables"),
        (
            {"tool_choice": {"type": "function", "name": "n" * 257}},
            "string_above_max_length",
            "session.tool_choice.name",
        ),
    ],
)
def test_what_is_too_long_is_refused_by_its_path(members: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_session({"type": "realtime", **members})
    assert (caught.value.code, caught.value.param) == (code, param)


def test_as_much_as_upstream_takes_is_taken() -> None:
    tools = [{"type": "function", "name": f"{i:03}" + "n" * 125, "description": "d" * 1_024} for i in range(128)]
    parse_session({"type": "realtime", "instructions": "i" * 131_072, "tools": tools})
