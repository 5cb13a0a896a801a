import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from litestar import Litestar
from openai.types.realtime import ClientSecretCreateResponse
from structlog.testing import capture_logs

from limi.kernel.secret import Secret
from limi.protocol import REALTIME_MODELS, SessionConfig, ids_from_hex
from limi.sandbox.calls import Calls
from limi.sandbox.http.credentials import Credentials
from limi.sandbox.http.routes import make_http_app
from limi.sandbox.secrets import ClientSecrets

Call = Callable[..., Awaitable[Any]]

_KEY = {"authorization": "Bearer sk-right"}
_MINT = "/v1/realtime/client_secrets"


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
        max_body_bytes=10_000,
    )


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_an_empty_request_mints_a_secret_for_the_default_session(
    app: Litestar, secrets: ClientSecrets[SessionConfig], clock: Any, call: Call, body: bytes
) -> None:
    answer = await call(app, "POST", _MINT, body=body, headers=_KEY)
    assert answer.status == 200
    assert set(answer.json) == {"value", "expires_at", "session"}
    assert answer.json["expires_at"] == int(clock.now()) + 600
    assert answer.json["session"]["model"] == "gpt-realtime-2.1"
    assert secrets.find(answer.json["value"]) is not None
    ClientSecretCreateResponse.model_validate(answer.json, strict=True)


async def test_a_secret_keeps_the_session_it_was_minted_with(
    app: Litestar, secrets: ClientSecrets[SessionConfig], call: Call
) -> None:
    session = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief."}
    body = json.dumps({"expires_after": {"anchor": "created_at", "seconds": 30}, "session": session}).encode()
    answer = await call(app, "POST", _MINT, body=body, headers=_KEY)
    kept = secrets.find(answer.json["value"])
    assert kept is not None
    assert (kept.session.model, kept.session.instructions) == ("gpt-realtime", "Be brief.")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b'{"model": "gpt-realtime"}', "unknown_parameter", "model"),
        (b'{"session": {}}', "missing_required_parameter", "session.type"),
        (b'{"session": {"type": "realtime", "model": "gpt-none"}}', "invalid_value", "session.model"),
        (b'{"expires_after": {"seconds": 9}}', None, "expires_after.seconds"),
        (b'{"expires_after": {"seconds": 7201}}', None, "expires_after.seconds"),
        (b"{", None, None),
        (b"[]", None, None),
    ],
)
async def test_a_bad_request_is_refused_with_the_member_that_is_wrong(
    app: Litestar, call: Call, body: bytes, code: str | None, param: str | None
) -> None:
    answer = await call(app, "POST", _MINT, body=body, headers=_KEY)
    assert answer.status == 400
    assert set(answer.json["error"]) == {"message", "type", "code", "param"}
    assert answer.json["error"]["param"] == param
    if code is not None:
        assert answer.json["error"]["code"] == code


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer sk-wrong"}, {"authorization": "Bearer ek_unknown"}]
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", _MINT), ("GET", "/v1/models"), ("GET", "/v1/models/gpt-realtime")]
)
async def test_without_the_standard_key_nothing_is_answered(
    app: Litestar, call: Call, headers: dict[str, str], method: str, path: str
) -> None:
    answer = await call(app, method, path, headers=headers)
    assert answer.status == 401
    assert answer.json["error"]["code"] == "invalid_api_key"


async def test_a_full_store_of_secrets_refuses_to_mint(app: Litestar, clock: Any, call: Call) -> None:
    for _ in range(10):
        assert (await call(app, "POST", _MINT, headers=_KEY)).status == 200
    refused = await call(app, "POST", _MINT, headers=_KEY)
    assert (refused.status, refused.json["error"]["code"]) == (429, "rate_limit_exceeded")
    assert "10 client secrets" in refused.json["error"]["message"]
    clock.advance(600)
    assert (await call(app, "POST", _MINT, headers=_KEY)).status == 200


async def test_a_client_secret_mints_no_other(app: Litestar, call: Call) -> None:
    value = (await call(app, "POST", _MINT, headers=_KEY)).json["value"]
    answer = await call(app, "POST", _MINT, headers={"authorization": f"Bearer {value}"})
    assert answer.status == 401
    assert value not in answer.body.decode()


async def test_the_models_are_listed_with_the_days_they_end(app: Litestar, call: Call) -> None:
    listed = (await call(app, "GET", "/v1/models", headers=_KEY)).json
    assert listed["object"] == "list"
    assert [model["id"] for model in listed["data"]] == list(REALTIME_MODELS)
    ends = {model["id"]: model.get("shutdown_date") for model in listed["data"]}
    assert ends["gpt-realtime"] == "2027-01-20"
    assert ends["gpt-realtime-2.1"] is None


async def test_one_model_is_found_by_its_name(app: Litestar, call: Call) -> None:
    model = (await call(app, "GET", "/v1/models/gpt-realtime", headers=_KEY)).json
    assert (model["id"], model["object"], model["owned_by"]) == ("gpt-realtime", "model", "system")
    missing = await call(app, "GET", "/v1/models/gpt-none", headers=_KEY)
    assert missing.status == 404
    assert missing.json["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "unknown_url"),
        ("POST", "/v1/realtime/sessions", 404, "unknown_url"),
        ("DELETE", "/v1/models", 405, "method_not_supported"),
    ],
)
async def test_an_unknown_url_is_refused_in_the_same_shape(
    app: Litestar, call: Call, method: str, path: str, status: int, code: str
) -> None:
    answer = await call(app, method, path, headers=_KEY)
    assert answer.status == status
    assert answer.json["error"]["code"] == code
    assert set(answer.json["error"]) == {"message", "type", "code", "param"}


async def test_a_body_that_is_too_large_is_refused(app: Litestar, call: Call) -> None:
    answer = await call(app, "POST", _MINT, body=b" " * 10_001, headers=_KEY)
    assert answer.status == 413
    assert answer.json["error"]["code"] == "request_too_large"


async def test_a_bug_is_logged_and_tells_the_client_nothing(
    app: Litestar, secrets: ClientSecrets[SessionConfig], call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a detail of ours")

    monkeypatch.setattr(secrets, "mint", fail)
    with capture_logs() as logs:
        answer = await call(app, "POST", _MINT, headers=_KEY)
    assert answer.status == 500
    assert answer.json["error"]["type"] == "server_error"
    assert b"detail" not in answer.body
    assert [entry["event"] for entry in logs] == ["sandbox.request.failed"]
