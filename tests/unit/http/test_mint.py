"""The hand-written route: what it answers when parts fail, and the one log line of each request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from structlog.testing import capture_logs

from limi.adapters.configuration import load_settings
from limi.features.client_secrets.errors import UpstreamError, UpstreamTimeoutError
from limi.features.client_secrets.model import Minted
from limi.features.client_secrets.service import MintService
from limi.features.rate_limits.service import RateLimiter
from limi.http.authentication import Authenticator
from limi.http.mint import MintEndpoint
from limi.http.urls import URLMaker
from limi.kernel.secret import Secret
from limi.testing import InMemoryWindowStore, ManualClock
from tests.unit.http.harness import Answer, call, make_context, make_scope, refusal_audit

_MINTED = Minted(
    key=Secret("ek_unit_0123456789"), expires_at=1_790_000_600, session_id="sess_1", model="gpt-realtime-2.1"
)


@dataclass
class _Service:
    """Gives the same key, or fails in the same way."""

    minted: Minted = _MINTED
    error: BaseException | None = None
    asked: list[Any] = field(default_factory=list)

    async def mint(self, *args: Any, **kwargs: Any) -> Minted:
        self.asked.append((args, kwargs))
        if self.error:
            raise self.error
        return self.minted


@dataclass
class _Observer:
    ended: list[tuple[str, str]] = field(default_factory=list)

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        assert seconds >= 0
        self.ended.append((outcome, code))

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        pass


@dataclass
class _Mint:
    service: _Service = field(default_factory=_Service)
    observer: _Observer = field(default_factory=_Observer)
    keep_user_agent: bool = True
    logs: list[Mapping[str, Any]] = field(default_factory=list)

    async def __call__(self, *headers: tuple[bytes, bytes], method: str = "POST", **request: Any) -> Answer:
        clock = ManualClock()
        endpoint = MintEndpoint(
            authenticator=Authenticator(admin_key=Secret("limi_admin_unit_0123456789"), allow_anonymous=True),
            limiter=RateLimiter(
                settings=load_settings({}).limits, store=InMemoryWindowStore(clock=clock, max_keys=9)
            ),
            # The service's own type knows all that it needs; the endpoint calls one method of it.
            service=cast("MintService", self.service),
            urls=URLMaker("https://api.openai.com/v1"),
            observer=self.observer,
            refusals=refusal_audit(),
            clock=clock,
            max_body_bytes=64,
            body_seconds=5,
            keep_user_agent=self.keep_user_agent,
        )
        context = make_context(user_agent="an agent")
        with capture_logs() as logs:
            answer = await call(
                endpoint, make_scope(method, "/api/client-secret", *headers, context=context), **request
            )
        self.logs = list(logs)
        return answer


async def test_a_key_is_answered_logged_without_its_value_and_counted() -> None:
    mint = _Mint()
    answer = await mint()
    assert answer.status == 200
    assert answer.json["ephemeralKey"] == "ek_unit_0123456789"
    assert mint.observer.ended == [("succeeded", "")]
    assert mint.logs == [
        {
            "event": "mint.succeeded",
            "log_level": "info",
            "session_id": "sess_1",
            "model": "gpt-realtime-2.1",
            "replayed": False,
            "request_id": "abc123",
            "status": 200,
            "duration_ms": 0.0,
            "ip": "203.0.113.7",
            "user_agent": "an agent",
        }
    ]


async def test_what_the_client_says_of_itself_is_logged_where_it_is_modest() -> None:
    mint = _Mint()
    await mint((b"x-limi-client", b"react/1.0.0"), (b"x-client-version", b"2.3.4"))
    assert (mint.logs[0]["client"], mint.logs[0]["client_version"]) == ("react/1.0.0", "2.3.4")
    await mint((b"x-limi-client", b"a b"), (b"x-client-version", b"x" * 65))
    assert not {"client", "client_version"} & set(mint.logs[0])


async def test_a_user_agent_is_logged_only_where_it_may_be() -> None:
    mint = _Mint(keep_user_agent=False)
    await mint()
    assert "user_agent" not in mint.logs[0]
    assert mint.service.asked[0][1]["origin"].user_agent is None


async def test_a_bug_is_an_internal_error_whose_cause_only_the_log_knows() -> None:
    mint = _Mint(_Service(error=RuntimeError("a cause that nobody outside may read")))
    answer = await mint()
    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert b"cause" not in answer.body
    (entry,) = mint.logs
    assert (entry["event"], entry["log_level"]) == ("request.crashed", "error")
    assert entry["exc_info"] is mint.service.error
    assert mint.observer.ended == [("failed", "internal_error")]


async def test_upstreams_fault_is_logged_with_its_reason_and_status() -> None:
    mint = _Mint(_Service(error=UpstreamError("upstream answered 503", status=503)))
    assert (await mint()).status == 502
    (entry,) = mint.logs
    assert (entry["event"], entry["log_level"]) == ("mint.failed", "error")
    assert (entry["reason"], entry["upstream_status"]) == ("upstream answered 503", 503)
    assert entry["reference"] == "/errors/token_generation_failed"
    assert mint.observer.ended == [("failed", "token_generation_failed")]


async def test_the_callers_fault_is_a_warning() -> None:
    mint = _Mint()
    answer = await mint((b"content-type", b"application/json"), body=b"{")
    assert answer.status == 400
    (entry,) = mint.logs
    assert (entry["event"], entry["log_level"], entry["code"]) == ("mint.refused", "warning", "invalid_request")
    assert mint.observer.ended == [("refused", "invalid_request")]
    assert not mint.service.asked


async def test_an_error_has_the_rate_limit_headers_once_the_request_was_counted() -> None:
    failed = await _Mint(_Service(error=UpstreamTimeoutError("silent")))()
    assert (failed.headers["ratelimit-limit"], failed.headers["ratelimit-remaining"]) == ("100", "99")
    refused = await _Mint()(method="GET")
    assert "ratelimit-limit" not in refused.headers


async def test_a_client_that_left_is_neither_answered_nor_logged() -> None:
    mint = _Mint()
    answer = await mint(chunks=[{"type": "http.disconnect"}])
    assert answer.messages == []
    assert mint.logs == []
    assert not mint.service.asked


async def test_a_replay_and_a_replaced_model_are_said_in_headers() -> None:
    minted = Minted(
        key=_MINTED.key, expires_at=1, session_id="s", model="new", replaces="gpt-realtime", replayed=True
    )
    answer = await _Mint(_Service(minted=minted))()
    assert answer.headers["idempotent-replayed"] == "true"
    assert answer.headers["x-limi-model-replaced"] == "gpt-realtime"


async def test_options_tells_the_methods_and_counts_nothing() -> None:
    mint = _Mint()
    answer = await mint(method="OPTIONS")
    assert (answer.status, answer.headers, mint.logs) == (204, {"allow": "POST, OPTIONS"}, [])
