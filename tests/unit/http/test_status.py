"""How the service says it is."""

from contextlib import nullcontext
from dataclasses import dataclass

import pytest

from limi.features.client_secrets.errors import UpstreamAuthError
from limi.features.client_secrets.health import HealthProbe
from limi.features.client_secrets.model import ClientSecret
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.journal import InMemoryJournalStore, JournalReader, JournalState
from limi.http.authentication import Authenticator
from limi.http.routes import make_routes
from limi.http.status import StatusRoutes
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.secret import Secret
from limi.kernel.settings import ModelSettings
from limi.testing import ManualClock
from tests.unit.http.harness import Answer, call, make_context, make_scope


@dataclass
class _Upstream:
    problem: UpstreamAuthError | None = None

    async def mint(self, body: bytes, *, safety_identifier: str) -> ClientSecret:
        raise AssertionError(body, safety_identifier)

    async def check(self) -> None:
        if self.problem:
            raise self.problem


def _state(*, failing_since: float | None = None) -> JournalState:
    return JournalState(failing_since=failing_since, queued=0, kept=0, dropped=0, commits=0, committed=0)


async def _get(
    path: str,
    *,
    problem: UpstreamAuthError | None = None,
    state: JournalState | None = None,
    default_model: str = "gpt-realtime-2.1",
    flush_error: Exception | None = None,
    redis_healthy: bool | None = None,
    draining: bool = False,
) -> Answer:
    clock = ManualClock(now=1_800_000_000)
    reader = JournalReader(store=InMemoryJournalStore(), clock=clock)
    await reader.start()

    async def flush() -> None:
        if flush_error:
            raise flush_error

    async def metrics() -> bytes:
        return b"a_metric 1.0\n"

    routes = StatusRoutes(
        probe=HealthProbe(upstream=_Upstream(problem), clock=clock, cache_seconds=5),
        models=ModelCatalogue(settings=ModelSettings(default=default_model), clock=clock),
        reader=reader,
        journal_state=lambda: state or _state(),
        flush_journal=flush,
        render_metrics=metrics,
        authenticator=Authenticator(admin_key=Secret("limi_admin_unit_0123456789"), allow_anonymous=True),
        open_to_all=True,
        upstream_name="openai",
        version="1.2.3",
        clock=clock,
        shared_healthy=None if redis_healthy is None else lambda: redis_healthy,
    )
    if draining:
        routes.drain()
    try:
        app = make_routes(handlers=routes.handlers(), lifespan=nullcontext)
        return await call(app, make_scope("GET", path, context=make_context()))
    finally:
        await reader.stop()


async def test_health_names_upstream_and_what_is_wrong_with_it() -> None:
    answer = await _get("/api/client-secret/health", problem=UpstreamAuthError("refused", status=401))
    assert answer.status == 503
    assert answer.json == {
        "status": "unhealthy",
        "accessible": False,
        "responseTime": "0ms",
        "timestamp": "2027-01-15T08:00:00.000Z",
        "requestId": "abc123",
        "upstream": "openai",
        "code": "openai_auth_failed",
        "message": "OpenAI API authentication failed",
    }


@pytest.mark.parametrize("path", ["/api/client-secret/health", "/api/client-secret/stats"])
async def test_a_model_near_its_end_is_warned_of(path: str) -> None:
    assert (await _get(path, default_model="gpt-realtime")).json["warnings"] == [
        {
            "model": "gpt-realtime",
            "shutdown": "2027-01-20",
            "replacement": "gpt-realtime-2.1",
            "message": "gpt-realtime shuts down on 2027-01-20; gpt-realtime-2.1 takes its place",
        }
    ]


async def test_a_server_about_to_stop_says_so_to_who_asks_whether_it_is_ready() -> None:
    answer = await _get("/readyz", draining=True)
    assert (answer.status, answer.json["status"], answer.json["database"]) == (503, "draining", "ok")


async def test_stats_are_not_made_up_while_the_journal_cannot_be_written() -> None:
    with pytest.raises(JournalUnavailableError):
        await _get("/api/client-secret/stats", flush_error=JournalUnavailableError("gone"))


async def test_a_failing_journal_is_not_ready() -> None:
    answer = await _get("/readyz", state=_state(failing_since=1.0))
    assert answer.status == 503
    assert answer.json == {"status": "unready", "database": "ok", "journal": "failing", "upstream": "unknown"}


@pytest.mark.parametrize(("healthy", "said"), [(None, None), (True, "ok"), (False, "degraded")])
async def test_redis_is_reported_where_there_is_one_and_takes_no_server_out(
    healthy: bool | None,  # noqa: FBT001
    said: str | None,
) -> None:
    answer = await _get("/readyz", redis_healthy=healthy)
    assert (answer.status, answer.json.get("redis")) == (200, said)


async def test_metrics_are_sent_as_they_are() -> None:
    answer = await _get("/metrics")
    assert answer.body == b"a_metric 1.0\n"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/client-secret/health", "/api/client-secret/stats"])
async def test_no_answer_about_the_present_is_kept_by_a_cache(path: str) -> None:
    assert (await _get(path)).headers["cache-control"] == "no-store"
