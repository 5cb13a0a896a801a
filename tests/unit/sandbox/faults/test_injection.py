"""Faults around an application, whatever that is."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from limi.sandbox.faults.injection import FaultInjection
from limi.sandbox.faults.rules import FaultRules
from limi.testing import VirtualClock

_MINT = "/v1/realtime/client_secrets"


class _App:
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        self.seen.append(scope)
        body = b'{"whole": true}'
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def app() -> _App:
    return _App()


@pytest.fixture
def faults() -> FaultInjection:
    return FaultInjection(rules=FaultRules(), sleep=VirtualClock().sleep)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "invalid_api_key", "invalid_request_error"),
        (418, None, "invalid_request_error"),
        (429, "rate_limit_exceeded", "requests"),
        (500, "server_error", "server_error"),
        (503, "server_error", "server_error"),
    ],
)
async def test_a_request_is_refused_in_openais_words_and_never_reaches_the_application(
    faults: FaultInjection, app: _App, call: Any, status: int, code: str | None, kind: str
) -> None:
    faults.rules.add("mint", "refuse", status=status)
    answered = await call(faults.around(app), "POST", _MINT)
    assert answered.status == status
    assert set(answered.json["error"]) == {"message", "type", "code", "param"}
    assert (answered.json["error"]["code"], answered.json["error"]["type"]) == (code, kind)
    assert ("retry-after" in answered.headers) == (status in {429, 503})
    assert app.seen == []


async def test_a_refusal_says_when_to_try_again(faults: FaultInjection, app: _App, call: Any) -> None:
    headers = {"X-Limi-Fault": "refuse; status=429; retry_after_seconds=1.5"}
    answered = await call(faults.around(app), "POST", _MINT, headers=headers)
    assert answered.headers["retry-after"] == "2"
    assert answered.headers["retry-after-ms"] == "1500"
    assert answered.headers["x-ratelimit-remaining-requests"] == "0"
    assert (await call(faults.around(app), "POST", _MINT)).status == 200


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("mint", _MINT),
        ("models", "/v1/models"),
        ("models", "/v1/models/gpt-realtime"),
        ("calls", "/v1/realtime/calls"),
        ("calls", "/v1/realtime/calls/rtc_1/hangup"),
    ],
)
async def test_a_rule_befalls_its_place_and_no_other(
    faults: FaultInjection, app: _App, call: Any, where: str, path: str
) -> None:
    faults.rules.add(where, "refuse", status=500)
    assert (await call(faults.around(app), "POST", path)).status == 500
    for other in {_MINT, "/v1/models", "/v1/realtime/calls", "/v1/other"} - {path}:
        if not path.startswith(other):
            assert (await call(faults.around(app), "POST", other)).status == 200
    assert (await call(faults.around(app), "OPTIONS", path)).status == 200


async def test_half_a_body_is_no_json(faults: FaultInjection, app: _App, call: Any) -> None:
    faults.rules.add("models", "malformed")
    answered = await call(faults.around(app), "GET", "/v1/models")
    assert answered.body == b'{"whole'
    assert answered.headers["content-length"] == "7"


async def test_a_dropped_request_is_promised_more_than_it_gets(
    faults: FaultInjection, app: _App, call: Any
) -> None:
    faults.rules.add("models", "drop")
    answered = await call(faults.around(app), "GET", "/v1/models")
    assert int(answered.headers["content-length"]) > len(answered.body)


async def test_an_expired_key_takes_the_place_of_the_clients_own(
    faults: FaultInjection, app: _App, call: Any
) -> None:
    headers = {"X-Limi-Fault": "expired_key", "Authorization": "Bearer sk-good"}
    await call(faults.around(app), "POST", "/v1/realtime/calls", headers=headers)
    keys = [value for name, value in app.seen[0]["headers"] if name == b"authorization"]
    assert keys == [b"Bearer ek_" + b"0" * 32]


async def test_faults_come_in_their_order(app: _App, call: Any) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    faults = FaultInjection(rules=FaultRules(), sleep=sleep)
    faults.rules.add("mint", "refuse", status=500)
    answered = await call(faults.around(app), "POST", _MINT, headers={"X-Limi-Fault": "latency; ms=250"})
    assert (answered.status, slept) == (500, [0.25])


async def test_a_wrong_header_is_answered_with_what_is_wrong(faults: FaultInjection, app: _App, call: Any) -> None:
    answered = await call(faults.around(app), "POST", _MINT, headers={"X-Limi-Fault": "refuse"})
    assert (answered.status, answered.json["error"]["param"]) == (400, "X-Limi-Fault.status")
    assert app.seen == []


async def test_the_admin_route_stands_before_the_application(faults: FaultInjection, app: _App, call: Any) -> None:
    rule = json.dumps({"where": "mint", "what": "refuse", "status": 503}).encode()
    key = {"Authorization": "Bearer sk-any"}
    assert (await call(faults.around(app), "POST", "/v1/_limi/faults", body=rule, headers=key)).status == 201
    assert (await call(faults.around(app), "POST", _MINT)).status == 503
    assert app.seen == []


async def test_the_session_that_a_request_begins_inherits_its_faults_and_no_other_session_does(
    faults: FaultInjection, scope: Callable[..., Any]
) -> None:
    event = b'{"type":"error"}'
    session: Any = None
    doubled: list[int] = []

    async def opens_a_session(*_: Any) -> None:
        doubled.append(len(list(faults.tap(session).outgoing(event))))

    async def unused(*_: Any) -> Any:
        raise AssertionError

    for headers in ({"X-Limi-Fault": "duplicate; event=error"}, {}):
        await faults.around(opens_a_session)(scope("POST", "/v1/realtime/calls", headers), unused, unused)
    assert doubled == [2, 1]
