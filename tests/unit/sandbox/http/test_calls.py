"""Calls over HTTP: what is accepted as an offer, what a call begins with, and who may control it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from litestar import Litestar

from limi.kernel.secret import Secret
from limi.protocol import REALTIME_MODELS, SessionConfig, ids_from_hex, parse_client_secret_request
from limi.sandbox.calls import CallRefusedError, Calls
from limi.sandbox.http.calls import translate_call_error
from limi.sandbox.http.credentials import Credentials
from limi.sandbox.http.routes import make_http_app
from limi.sandbox.secrets import ClientSecrets
from limi.sandbox.sessions.open_sessions import OpenSessions
from limi.sandbox.transports.peers import WebRTCUnavailableError

Call = Callable[..., Awaitable[Any]]

_PATH = "/v1/realtime/calls"
_KEY = {"authorization": "Bearer sk-right"}
_SDP = {**_KEY, "content-type": "application/sdp"}
_OFFER = (
    b"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\n"
    b"a=ice-pwd:0123456789012345678901\r\n"
    b"a=fingerprint:sha-256 AB\r\na=rtpmap:111 opus/48000/2"
)


@pytest.fixture
def secrets(clock: Any, ids: Any) -> ClientSecrets[SessionConfig]:
    return ClientSecrets(clock=clock, ids=ids, limit=10)


@pytest.fixture
def app(secrets: ClientSecrets[SessionConfig], calls: Calls, ids: Any) -> Litestar:
    return make_http_app(
        credentials=Credentials(api_key=Secret("sk-right"), secrets=secrets),
        secrets=secrets,
        calls=calls,
        models=REALTIME_MODELS,
        default_model="gpt-realtime-2.1",
        new_id=ids_from_hex(ids.hex),
        max_body_bytes=100_000,
    )


def _minted(secrets: ClientSecrets[SessionConfig], **session: Any) -> dict[str, str]:
    body = json.dumps({"session": {"type": "realtime", **session}} if session else {}).encode()
    request = parse_client_secret_request(body, default_model="gpt-realtime-2.1")
    secret = secrets.mint(request.config, seconds=600).value.reveal()
    return {"authorization": f"Bearer {secret}", "content-type": "application/sdp"}


def _form(**parts: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """Return a form as the SDKs send it: parts with a content type and no filename."""
    lines = [
        f'--b\r\ncontent-disposition: form-data; name="{name}"\r\ncontent-type: {kind}\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, (kind, content) in parts.items()
    ]
    return b"".join(lines) + b"--b--\r\n", {**_KEY, "content-type": "multipart/form-data; boundary=b"}


def _session(peers: Any) -> SessionConfig:
    config: SessionConfig = peers.made[-1].live._session.config
    return config


async def test_an_offer_is_answered_and_the_call_named_in_the_location(
    app: Litestar, calls: Calls, call: Call
) -> None:
    answer = await call(app, "POST", _PATH, body=_OFFER, headers=_SDP)
    assert (answer.status, answer.body) == (201, b"v=0\r\n")
    assert answer.headers["content-type"].startswith("application/sdp")
    prefix, _, call_id = answer.headers["location"].rpartition("/")
    assert prefix == _PATH
    assert calls.find(call_id) is not None


async def test_a_client_secret_brings_its_session_along(
    app: Litestar, secrets: ClientSecrets[SessionConfig], peers: Any, call: Call
) -> None:
    headers = _minted(secrets, model="gpt-realtime-mini", instructions="Be brief.")
    assert (await call(app, "POST", _PATH, body=_OFFER, headers=headers)).status == 201
    assert (_session(peers).model, _session(peers).instructions) == ("gpt-realtime-mini", "Be brief.")


async def test_the_url_may_name_another_model(
    app: Litestar, secrets: ClientSecrets[SessionConfig], peers: Any, call: Call
) -> None:
    headers = _minted(secrets, instructions="Be brief.")
    answer = await call(app, "POST", f"{_PATH}?model=gpt-realtime", body=_OFFER, headers=headers)
    assert answer.status == 201
    assert (_session(peers).model, _session(peers).instructions) == ("gpt-realtime", "Be brief.")


async def test_a_standard_key_alone_begins_with_the_defaults(app: Litestar, peers: Any, call: Call) -> None:
    assert (await call(app, "POST", _PATH, body=_OFFER, headers=_SDP)).status == 201
    assert _session(peers).model == "gpt-realtime-2.1"


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
async def test_a_form_has_the_session_beside_the_offer(app: Litestar, peers: Any, call: Call, kind: str) -> None:
    session = {"type": "realtime", "model": "gpt-realtime", "instructions": "Grüße!"}
    body, headers = _form(sdp=("application/sdp", _OFFER), session=(kind, json.dumps(session).encode()))
    assert (await call(app, "POST", _PATH, body=body, headers=headers)).status == 201
    assert (_session(peers).model, _session(peers).instructions) == ("gpt-realtime", "Grüße!")


async def test_a_form_of_a_browser_has_files_instead_of_fields(app: Litestar, peers: Any, call: Call) -> None:
    body, headers = _form(sdp=("application/sdp", _OFFER), session=("application/json", b'{"type": "realtime"}'))
    body = body.replace(b'name="sdp"', b'name="sdp"; filename="blob"')
    assert (await call(app, "POST", _PATH, body=body, headers=headers)).status == 201
    assert _session(peers).model == "gpt-realtime-2.1"


async def test_a_form_may_hold_the_offer_only(app: Litestar, call: Call) -> None:
    body, headers = _form(sdp=("application/sdp", _OFFER))
    assert (await call(app, "POST", _PATH, body=body, headers=headers)).status == 201


def _error(answer: Any) -> tuple[int, str | None, str | None]:
    error = answer.json["error"]
    assert set(error) == {"message", "type", "code", "param"}
    return answer.status, error["code"], error["param"]


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (b"{}", (400, "missing_required_parameter", "session.type")),
        (b"[", (400, "invalid_json", None)),
        (b'{"type": "realtime", "model": "gpt-none"}', (400, "invalid_value", "session.model")),
        (b'{"type": "realtime", "colour": 1}', (400, "unknown_parameter", "session.colour")),
    ],
)
async def test_a_session_that_breaks_a_rule_is_refused_with_its_path(
    app: Litestar, call: Call, session: bytes, expected: Any
) -> None:
    body, headers = _form(sdp=("application/sdp", _OFFER), session=("application/json", session))
    assert _error(await call(app, "POST", _PATH, body=body, headers=headers)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "invalid_offer", "sdp")),
        (b"\xff\xfe", (400, "invalid_offer", "sdp")),
        (_OFFER.replace(b"m=audio", b"m=video"), (400, "invalid_offer", "sdp")),
        (_OFFER + b"\r\na=unanswerable", (400, "invalid_offer", "sdp")),
        (bytes(100_001), (413, "request_too_large", None)),
    ],
)
async def test_an_offer_that_cannot_be_used_is_refused(
    app: Litestar, calls: Calls, call: Call, body: bytes, expected: Any
) -> None:
    answer = await call(app, "POST", _PATH, body=body, headers={**_SDP, "content-length": str(len(body))})
    assert _error(answer) == expected
    assert len(calls) == 0


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"content-type": "application/json"}, b"{}", "unsupported_content_type"),
        ({}, _OFFER, "unsupported_content_type"),
        ({"content-type": "multipart/form-data; boundary=b"}, b"--b--\r\n", "missing_required_parameter"),
        (
            {"content-type": "multipart/form-data; boundary=b"},
            b'--b\r\ncontent-disposition: form-data; name="sdp"\r\n\r\n\xff\r\n--b--\r\n',
            "invalid_form",
        ),
        ({"content-type": "multipart/form-data; boundary=b"}, b"no form", None),
    ],
)
async def test_another_body_is_refused(
    app: Litestar, call: Call, headers: dict[str, str], body: bytes, code: str | None
) -> None:
    answer = await call(app, "POST", _PATH, body=body, headers={**_KEY, **headers})
    assert _error(answer)[:2] == (400, code)


async def test_a_model_that_does_not_exist_is_refused(app: Litestar, call: Call) -> None:
    answer = await call(app, "POST", f"{_PATH}?model=gpt-none", body=_OFFER, headers=_SDP)
    assert _error(answer) == (400, "invalid_value", "model")


async def test_keys_that_open_nothing(
    app: Litestar, secrets: ClientSecrets[SessionConfig], clock: Any, call: Call
) -> None:
    expired = _minted(secrets)
    clock.advance(601)
    for headers in (expired, {"authorization": "Bearer sk-wrong"}, {}):
        answer = await call(app, "POST", _PATH, body=_OFFER, headers={**_SDP, "authorization": "", **headers})
        assert _error(answer)[:2] == (401, "invalid_api_key")


async def test_past_the_limit_and_while_stopping_and_without_the_library(
    app: Litestar, sessions: OpenSessions, calls: Calls, peers: Any, call: Call
) -> None:
    peers.error = WebRTCUnavailableError()
    answer = await call(app, "POST", _PATH, body=_OFFER, headers=_SDP)
    assert _error(answer)[:2] == (501, "webrtc_unavailable")
    peers.error = None
    opened = await call(app, "POST", _PATH, body=_OFFER, headers=_SDP)
    answer = await call(app, "POST", _PATH, body=_OFFER, headers=_SDP)
    assert _error(answer)[:2] == (429, "rate_limit_exceeded")
    calls.hang_up(opened.headers["location"].rpartition("/")[2])
    sessions.dismiss()
    answer = await call(app, "POST", _PATH, body=_OFFER, headers=_SDP)
    assert _error(answer)[:2] == (503, "server_error")


async def _opened(app: Litestar, call: Call) -> str:
    location: str = (await call(app, "POST", _PATH, body=_OFFER, headers=_SDP)).headers["location"]
    return location


_ACCEPTED = b'{"type": "realtime", "model": "gpt-realtime", "instructions": "Hm."}'


@pytest.mark.parametrize(
    ("action", "body", "afterwards"),
    [
        ("hangup", b"", 404),
        ("accept", _ACCEPTED, 200),
        ("reject", b"", 404),
        ("reject", b'{"status_code": 486}', 404),
        ("refer", b'{"target_uri": "tel:+14155550123"}', 404),
    ],
)
async def test_a_call_is_controlled_with_a_standard_key(
    app: Litestar, call: Call, action: str, body: bytes, afterwards: int
) -> None:
    location = await _opened(app, call)
    headers = {**_KEY, "content-type": "application/json"}
    answer = await call(app, "POST", f"{location}/{action}", body=body, headers=headers)
    assert (answer.status, answer.body) == (200, b"")
    again = await call(app, "POST", f"{location}/hangup", headers=headers)
    assert again.status == afterwards


@pytest.mark.parametrize(
    ("action", "body", "expected"),
    [
        ("accept", b"{}", (400, "missing_required_parameter", "session.type")),
        ("accept", b"", (400, "invalid_json", None)),
        ("reject", b'{"status_code": 200}', (400, "invalid_value", "status_code")),
        ("refer", b"{}", (400, "missing_required_parameter", "target_uri")),
        ("refer", b'{"target_uri": "https://example.com"}', (400, "invalid_value", "target_uri")),
    ],
)
async def test_a_body_that_breaks_a_rule_changes_nothing(
    app: Litestar, calls: Calls, call: Call, action: str, body: bytes, expected: Any
) -> None:
    location = await _opened(app, call)
    assert _error(await call(app, "POST", f"{location}/{action}", body=body, headers=_KEY)) == expected
    assert len(calls) == 1


@pytest.mark.parametrize("action", ["hangup", "accept", "reject", "refer"])
async def test_unknown_calls_and_other_keys_are_refused(
    app: Litestar, secrets: ClientSecrets[SessionConfig], call: Call, action: str
) -> None:
    answer = await call(app, "POST", f"{_PATH}/rtc_unknown/{action}", headers=_KEY)
    assert _error(answer) == (404, "call_id_not_found", "")
    location = await _opened(app, call)
    answer = await call(app, "POST", f"{location}/{action}", headers=_minted(secrets))
    assert _error(answer)[:2] == (401, "invalid_api_key")


def test_an_error_nobody_expected_stays_one() -> None:
    with pytest.raises(CallRefusedError):
        translate_call_error(CallRefusedError("of another kind"))
