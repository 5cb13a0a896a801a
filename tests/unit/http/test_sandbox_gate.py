"""Limits on what the sandbox inside this process answers."""

from dataclasses import dataclass, field

import pytest

from limi.adapters.configuration import load_settings
from limi.features.rate_limits.service import RateLimiter
from limi.http.asgi import RawResponse, Receive, Scope, Send
from limi.http.errors import Refusal
from limi.http.sandbox_gate import SandboxGate
from limi.testing import InMemoryWindowStore, ManualClock
from tests.unit.http.harness import call, make_context, make_scope


@dataclass
class _Observer:
    decisions: list[tuple[str, bool]] = field(default_factory=list)

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        raise AssertionError(f"the gate mints nothing: {outcome} {code} {seconds}")

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        self.decisions.append((window, admitted))


async def _sandbox(_: Scope, __: Receive, send: Send) -> None:
    await RawResponse(200, b"", []).send(send)


@dataclass
class _Gate:
    clock: ManualClock = field(default_factory=ManualClock)
    observer: _Observer = field(default_factory=_Observer)

    def __post_init__(self) -> None:
        settings = load_settings({"LIMI_LIMITS_CONNECTIONS_PER_MINUTE": "1"})
        limiter = RateLimiter(settings=settings.limits, store=InMemoryWindowStore(clock=self.clock, max_keys=9))
        self.gate = SandboxGate(_sandbox, limiter=limiter, observer=self.observer)

    async def __call__(self, method: str, path: str, kind: str = "http", ip: str = "203.0.113.7") -> int:
        scope = make_scope(method, path, kind=kind, context=make_context(ip=ip))
        return (await call(self.gate, scope)).status


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
