"""Limits on what the sandbox inside this process answers."""

import asyncio
from dataclasses import dataclass, field

import pytest

from limi.adapters.configuration import load_settings
from limi.features.rate_limits.service import RateLimiter
from limi.http.asgi import WHOLE_BODY, ASGIApp, Header, Message, RawResponse, Receive, Scope, Send, headers_of
from limi.http.errors import Refusal
from limi.http.sandbox_gate import SandboxGate
from limi.testing import InMemoryWindowStore, ManualClock
from tests.unit.http.harness import Observer, call, make_context, make_scope


async def _sandbox(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the body, or 401 to a key that is wrong."""
    wrong = headers_of(scope).get(b"authorization") == b"Bearer wrong"
    body = (await receive()).get("body", b"") if scope["type"] == "http" else b""
    await RawResponse(401 if wrong else 200, body, []).send(send)


@dataclass
class _Gate:
    sandbox: ASGIApp = _sandbox
    clock: ManualClock = field(default_factory=ManualClock)
    observer: Observer = field(default_factory=Observer)

    def __post_init__(self) -> None:
        settings = load_settings({"LIMI_LIMITS_CONNECTIONS_PER_MINUTE": "1"})
        limiter = RateLimiter(settings=settings.limits, store=InMemoryWindowStore(clock=self.clock, max_keys=9))
        self.gate = SandboxGate(self.sandbox, limiter=limiter, observer=self.observer, body_seconds=0.05)

    async def __call__(
        self,
        method: str,
        path: str,
        kind: str = "http",
        ip: str = "203.0.113.7",
        *headers: Header,
        body: bytes = b"",
    ) -> int:
        if body:
            headers = (*headers, (b"content-length", str(len(body)).encode()))
        scope = make_scope(method, path, *headers, kind=kind, context=make_context(ip=ip))
        answer = await call(self.gate, scope, body=body)
        assert answer.status != 200 or answer.body == body
        return answer.status


async def test_a_handshake_too_many_is_refused_with_the_time_to_wait() -> None:
    gate = _Gate()
    assert await gate("GET", "/v1/realtime", "websocket") == 200
    gate.clock.advance(0.25)
    with pytest.raises(Refusal) as refused:
        await gate("GET", "/v1/realtime", "websocket")
    assert (refused.value.code, refused.value.retry_after_ms) == ("rate_limit_exceeded", 59_750)
    assert gate.observer.decisions == [("connect", True), ("connect", False)]


async def test_offers_count_as_well() -> None:
    gate = _Gate()
    assert await gate("POST", "/v1/realtime/calls") == 200
    with pytest.raises(Refusal):
        await gate("GET", "/v1/realtime", "websocket")


async def test_everything_else_passes_uncounted() -> None:
    gate = _Gate()
    for method, path in (
        ("GET", "/v1/models"),
        ("GET", "/v1/realtime/calls"),
        ("POST", "/v1/realtime/client_secrets"),
    ):
        for _ in range(3):
            assert await gate(method, path) == 200
    assert gate.observer.decisions == []


async def test_addresses_of_one_64_are_one_caller() -> None:
    gate = _Gate()
    assert await gate("GET", "/v1/realtime", "websocket", "2001:db8::1") == 200
    with pytest.raises(Refusal):
        await gate("GET", "/v1/realtime", "websocket", "2001:db8::2")
    assert await gate("GET", "/v1/realtime", "websocket", "2001:db8:0:1::1") == 200


WRONG, RIGHT = (b"authorization", b"Bearer wrong"), (b"authorization", b"Bearer right")
_ADDRESS = "203.0.113.7"


async def test_wrong_keys_count_wherever_they_are_sent() -> None:
    gate = _Gate()
    for _ in range(3):
        assert await gate("GET", "/v1/models", "http", _ADDRESS, RIGHT) == 200
    assert await gate("GET", "/v1/models", "http", _ADDRESS, WRONG) == 401
    with pytest.raises(Refusal) as refused:
        await gate("POST", "/v1/realtime/client_secrets", "http", _ADDRESS, WRONG)
    assert refused.value.code == "rate_limit_exceeded"
    assert await gate("GET", "/v1/models", "http", _ADDRESS, RIGHT) == 200
    assert await gate("GET", "/v1/models", "http", "203.0.113.8", WRONG) == 401


async def test_an_offer_with_a_wrong_key_counts_once() -> None:
    gate = _Gate()
    assert await gate("POST", "/v1/realtime/calls", "http", _ADDRESS, WRONG) == 401
    assert gate.observer.decisions == [("connect", True)]


async def test_a_body_reaches_the_sandbox_whole_and_one_that_is_too_long_does_not() -> None:
    gate = _Gate()
    assert await gate("POST", "/v1/realtime/client_secrets", body=b"a" * 1_048_576) == 200
    with pytest.raises(Refusal) as refused:
        await gate("POST", "/v1/realtime/client_secrets", body=b"a" * 1_048_577)
    assert refused.value.code == "payload_too_large"


async def test_a_body_that_the_server_has_whole_reaches_the_sandbox_once() -> None:
    scope = make_scope("POST", "/v1/x", (b"content-length", b"5"), context=make_context())
    scope[WHOLE_BODY] = b"hello"
    given: list[Message] = [
        {"type": "http.request", "body": b"hello", "more_body": False},
        {"type": "http.disconnect"},
    ]
    heard: list[Message] = []

    async def sandbox(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.extend([await receive(), await receive()])

    await call(_Gate(sandbox=sandbox).gate, scope, chunks=list(given))
    assert heard == given


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    gate = _Gate()
    scope = make_scope("POST", "/v1/x", (b"content-length", b"3"), context=make_context())

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError(message)

    with pytest.raises(Refusal) as refused:
        await gate.gate(scope, receive, send)
    assert refused.value.code == "request_timeout"


async def test_a_client_that_leaves_in_its_body_is_forgotten() -> None:
    scope = make_scope("POST", "/v1/x", (b"content-length", b"3"), context=make_context())
    answer = await call(_Gate().gate, scope, chunks=[{"type": "http.disconnect"}])
    assert answer.messages == []
