"""What the health probe, liveness, readiness and metrics say."""

import asyncio
import re

import pytest

from limi.http.times import iso8601
from limi.kernel.journal import JournalUnavailableError
from limi.testing import InMemoryJournalStore, Reply
from tests.integration.http.harness import MINT, OpenSite, Site

_HEALTH = f"{MINT}/health"


async def test_a_healthy_upstream(site: Site) -> None:
    response = await site.get(_HEALTH, {"x-request-id": "abc123"})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "status": "healthy",
        "accessible": True,
        "responseTime": "0ms",
        "timestamp": iso8601(site.clock.now()),
        "requestId": "abc123",
        "upstream": site.upstream.url.split("/")[2],
    }
    assert [(asked.method, asked.path) for asked in site.upstream.asked] == [("GET", "/v1/models")]


UNHEALTHY = [
    (Reply(401, b"sk-proj-secret"), "openai_auth_failed", "OpenAI API authentication failed"),
    (Reply(429), "openai_rate_limited", "OpenAI API rate limit exceeded"),
    (Reply(503), "token_generation_failed", "Unable to generate ephemeral client secret"),
    (Reply(cut_after=0), "token_generation_failed", "Unable to generate ephemeral client secret"),
]


@pytest.mark.parametrize(("reply", "code", "message"), UNHEALTHY)
async def test_an_unhealthy_upstream_is_said_to_be_so(site: Site, reply: Reply, code: str, message: str) -> None:
    site.upstream.queued.append(reply)
    response = await site.get(_HEALTH)
    body = response.json()
    assert response.status_code == 503
    assert (body["status"], body["accessible"]) == ("unhealthy", False)
    assert (body["code"], body["message"]) == (code, message)
    assert re.fullmatch(r"\d+ms", body["responseTime"])
    assert "sk-proj" not in response.text


async def test_upstream_is_asked_once_for_twenty_who_want_to_know(site: Site) -> None:
    answers = await asyncio.gather(*(site.get(_HEALTH) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(site.upstream.asked) == 1
    assert len({answer.json()["requestId"] for answer in answers}) == 20


async def test_an_answer_is_kept_for_five_seconds_whatever_it_is(site: Site) -> None:
    site.upstream.queued.append(Reply(500))
    assert (await site.get(_HEALTH)).status_code == 503
    site.clock.advance(4.9)
    assert (await site.get(_HEALTH)).status_code == 503
    assert len(site.upstream.asked) == 1
    site.clock.advance(0.2)
    assert (await site.get(_HEALTH)).status_code == 200


async def test_the_embedded_sandbox_is_healthy_and_named(opened: OpenSite) -> None:
    site = await opened(sandbox=True)
    body = (await site.get(_HEALTH)).json()
    assert (body["status"], body["upstream"]) == ("healthy", "sandbox")


async def test_alive(site: Site) -> None:
    response = await site.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


async def test_ready(site: Site) -> None:
    response = await site.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "ready"


async def test_readiness_learns_of_upstream_without_waiting_for_it(opened: OpenSite) -> None:
    site = await opened()
    site.upstream.always = Reply(silent=True)
    unknown = {"status": "ready", "database": "ok", "journal": "ok", "upstream": "unknown"}
    for _ in range(3):
        assert (await site.get("/readyz")).json() == unknown


async def test_an_upstream_that_is_down_only_degrades(opened: OpenSite) -> None:
    """One outage of upstream must not take every worker out."""
    site = await opened()
    site.upstream.always = Reply(503)
    await site.get(_HEALTH)
    response = await site.get("/readyz")
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["upstream"]) == ("ready", "degraded")


class _Gone(InMemoryJournalStore):
    """A database that goes away when told to."""

    gone = False

    def ping(self) -> None:
        if self.gone:
            raise JournalUnavailableError("gone")


async def test_without_its_database_a_server_is_not_ready(opened: OpenSite) -> None:
    store = _Gone()
    site = await opened(store=store)
    assert (await site.get("/readyz")).status_code == 200
    store.gone = True
    response = await site.get("/readyz")
    assert response.status_code == 503
    assert (response.json()["status"], response.json()["database"]) == ("unready", "unavailable")
    assert (await site.get("/healthz")).status_code == 200
    store.gone = False
    assert (await site.get("/readyz")).status_code == 200


async def test_metrics_count_mints_decisions_and_upstreams_time(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "4"})
    site.upstream.queued.extend([Reply(), Reply(500)])
    for body in ({}, {}, {"model": "ghost"}, b"{", {}):
        await site.mint(body)
    response = await site.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = set(response.text.splitlines())
    assert {
        'limi_mints_total{code="",outcome="succeeded"} 1.0',
        'limi_mints_total{code="token_generation_failed",outcome="failed"} 1.0',
        'limi_mints_total{code="invalid_request",outcome="refused"} 2.0',
        'limi_mints_total{code="rate_limit_exceeded",outcome="refused"} 1.0',
        'limi_limit_decisions_total{decision="admitted",limit="mint"} 4.0',
        'limi_limit_decisions_total{decision="refused",limit="mint"} 1.0',
        "limi_upstream_seconds_count 2.0",
        'limi_upstream_seconds_bucket{le="+Inf"} 2.0',
        "limi_mints_in_flight 0.0",
        "limi_journal_healthy 1.0",
    } <= lines
