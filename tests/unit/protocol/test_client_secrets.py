"""The mint reads its body strictly and answers with three members."""

import json
from typing import Any

import pytest
from openai.types.realtime import ClientSecretCreateResponse

from limi.protocol import (
    Modality,
    ProtocolError,
    ServerVAD,
    SessionType,
    client_secret_response,
    parse_client_secret_request,
    parse_session_config,
)


def parse(body: Any) -> Any:
    return parse_client_secret_request(json.dumps(body).encode(), default_model="gpt-realtime-2.1-mini")


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_an_empty_body_means_the_defaults_of_the_default_model(body: bytes) -> None:
    request = parse_client_secret_request(body, default_model="gpt-realtime-2.1-mini")
    assert request.expires_after_seconds == 600
    assert request.config.type is SessionType.REALTIME
    assert request.config.model == "gpt-realtime-2.1-mini"
    assert request.config.voice == "marin"
    assert request.config.turn_detection == ServerVAD(silence_duration_ms=500)


def test_what_the_session_names_is_taken() -> None:
    session = {
        "type": "realtime",
        "model": "gpt-realtime",
        "instructions": "Be brief.",
        "output_modalities": ["text"],
        "audio": {"input": {"turn_detection": None}},
    }
    request = parse({"expires_after": {"anchor": "created_at", "seconds": 7200}, "session": session})
    assert request.expires_after_seconds == 7200
    assert request.config.model == "gpt-realtime"
    assert request.config.instructions == "Be brief."
    assert request.config.modality is Modality.TEXT
    assert request.config.turn_detection is None
    assert request.config.voice == "alloy"


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"model": "gpt-realtime"}, "unknown_parameter", "model"),
        ({"expires_after": {"seconds": 9}}, "invalid_value", "expires_after.seconds"),
        ({"expires_after": {"seconds": 7201}}, "invalid_value", "expires_after.seconds"),
        ({"expires_after": {"seconds": "60"}}, "invalid_value", "expires_after.seconds"),
        ({"expires_after": {"anchor": "now"}}, "invalid_value", "expires_after.anchor"),
        ({"expires_after": {"at": 1}}, "unknown_parameter", "expires_after.at"),
        ({"session": {}}, "missing_required_parameter", "session.type"),
        ({"session": None}, "invalid_value", "session"),
        ({"session": {"type": "beta"}}, "invalid_value", "session.type"),
        ({"session": {"type": "realtime", "temperature": 1}}, "unknown_parameter", "session.temperature"),
        ({"session": {"type": "transcription", "model": "m"}}, "unknown_parameter", "session.model"),
        ([], "invalid_value", None),
    ],
)
def test_a_bad_body_is_refused_with_code_and_path(body: Any, code: str, param: str | None) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse(body)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_the_messages_are_upstreams() -> None:
    with pytest.raises(ProtocolError, match=r"^Unknown parameter: 'model'\.$"):
        parse({"model": "x"})
    with pytest.raises(ProtocolError, match=r"^Missing required parameter: 'session\.type'\.$"):
        parse({"session": {}})


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_client_secret_request(body, default_model="m")
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize("session", [{"type": "realtime"}, {"type": "transcription"}])
def test_the_answer_has_three_members_and_a_session_not_yet_begun(session: dict[str, Any]) -> None:
    config = parse_session_config(session, default_model="gpt-realtime")
    answer = client_secret_response(value="ek_1", expires_at=1_800_000_600, session_id="sess_1", config=config)
    assert answer.keys() == {"value", "expires_at", "session"}
    assert answer["session"]["expires_at"] == 0
    parsed = ClientSecretCreateResponse.model_validate(answer, strict=True)
    assert parsed.session.type == session["type"]
    assert parsed.session.id == "sess_1"
