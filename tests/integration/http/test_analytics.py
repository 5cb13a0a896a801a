"""What clients report, and what operators see of it, through a whole backend on each kind of database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from limi.app import Application
from limi.testing.backend import ADMIN_KEY
from tests.architecture.log_watch import WATCH
from tests.integration.http.harness import assert_error
from tests.integration.on_database import backend_on

EVENTS = "/api/analytics/events"
USAGE = "/api/admin/usage"
OPERATOR = {"authorization": f"Bearer {ADMIN_KEY}"}


@dataclass
class Shop:
    """A backend, and clients of it."""

    app: Application
    client: httpx.AsyncClient

    async def report(self, *events: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.client.post(EVENTS, json={"events": events}, headers=headers)

    async def usage(self, **query: str) -> list[dict[str, Any]]:
        """Return the points of an answer, once all there is has been counted."""
        await self.client.get("/api/client-secret/stats", headers=OPERATOR)
        await self.app.analytics.projector.catch_up()
        answer = await self.client.get(USAGE, params={"bucket": "total", **query}, headers=OPERATOR)
        assert answer.status_code == 200, answer.text
        points: list[dict[str, Any]] = answer.json()["points"]
        return points

    async def key_of(self, tenant: str, *scopes: str) -> dict[str, str]:
        """Make a tenant where there is none, and a key of it."""
        await self.client.post("/api/admin/tenants", json={"id": tenant}, headers=OPERATOR)
        wish = {"name": "k", "tenant": tenant, "scopes": scopes}
        made = await self.client.post("/api/admin/keys", json=wish, headers=OPERATOR)
        token = made.json()["secret"]
        WATCH.register(token)
        return {"authorization": f"Bearer {token}"}


def connected(ms: int = 640) -> dict[str, Any]:
    event = {"type": "connection_successful", "sessionId": "s-1", "durationMs": ms, "transport": "webrtc"}
    return {"id": str(uuid4()), **event}


def failed(code: str = "network_error") -> dict[str, Any]:
    return {"id": str(uuid4()), "type": "error_occurred", "errorCode": code, "errorMessage": "no way"}


def sqlite(request: pytest.FixtureRequest) -> str:
    folder: Path = request.getfixturevalue("tmp_path")
    return f"sqlite:///{folder}/limi.db"


def postgresql(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("postgres_url")
    return url


@asynccontextmanager
async def open_shop(database: str, **environ: str) -> AsyncIterator[Shop]:
    async with backend_on(database, **environ) as (app, client):
        yield Shop(app, client)


@pytest_asyncio.fixture(loop_scope="module", params=[sqlite, postgresql])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    database: Callable[[pytest.FixtureRequest], str] = request.param
    async with open_shop(database(request)) as made:
        yield made


async def test_mints_and_reports_come_together_by_frontend(shop: Shop) -> None:
    for client in ("react/1.0.0", "react/1.0.1", "vue/3.0.0"):
        minted = await shop.client.post("/api/client-secret", headers={"x-limi-client": client})
        WATCH.register(minted.json()["ephemeralKey"])
        assert minted.status_code == 200
    answer = await shop.report(connected(500), connected(900), failed(), **{"x-limi-client": "react/1.0.0"})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 3)
    react, vue = await shop.usage(group="frontend")
    assert (react["frontend"], react["mints"]["succeeded"], react["errors"]) == ("react", 2, 1)
    assert react["connections"]["successRate"] == 0.666667
    assert react["connections"]["p50Ms"] == pytest.approx(500, rel=0.01)
    assert (vue["frontend"], vue["mints"]["succeeded"], vue["connections"]["p50Ms"]) == ("vue", 1, None)


async def test_refusals_count_for_the_frontend_that_was_refused(tmp_path: Path) -> None:
    """At the mint as at every other route, for credentials as for limits, and however many share a row."""
    database, wrong = f"sqlite:///{tmp_path}/limi.db", {"authorization": "Bearer limi_sk_wrong"}
    react, vue = {"x-limi-client": "react/1.0.0"}, {"x-limi-client": "vue/3.0.0"}
    async with open_shop(database, LIMI_TOKENS_PER_MINUTE="2") as first:
        minted = [
            await first.client.post("/api/client-secret", headers={**wrong, **said})
            for said in (react, react, vue)
        ]
        assert [answer.json()["code"] for answer in minted] == ["auth_required"] * 2 + ["rate_limit_exceeded"]
        assert (await first.report(failed(), **wrong, **vue)).status_code == 429
        assert (await first.client.get(USAGE)).status_code == 401
    # What shared a row is recorded when the server stops.
    async with open_shop(database) as second:
        points = await second.usage(group="frontend,code")
    assert sorted((point["frontend"], point["code"], point["mints"]["refused"]) for point in points) == [
        ("react", "auth_required", 2),
        ("unknown", "auth_required", 1),
        ("vue", "auth_required", 2),
        ("vue", "rate_limit_exceeded", 1),
    ]


async def test_a_batch_that_is_sent_again_counts_once(shop: Shop) -> None:
    batch = [connected(), failed(), failed("my_own_code")]
    answers = await asyncio.gather(*(shop.report(*batch) for _ in range(5)))
    assert sorted(answer.json()["accepted"] for answer in answers) == [0, 0, 0, 0, 3]
    codes = {point["code"]: point["errors"] for point in await shop.usage(group="code")}
    assert codes == {None: 0, "network_error": 1, "unknown": 1}


async def test_a_tenants_reports_are_that_tenants(shop: Shop) -> None:
    """The same ids from two tenants are two events, and each sees its own only."""
    event = failed()
    for tenant in ("acme", "beta"):
        assert (await shop.report(event, **await shop.key_of(tenant, "mint"))).json()["accepted"] == 1
    assert len(await shop.usage(group="tenant")) == 2
    reader = await shop.key_of("acme", "stats")
    answer = await shop.client.get(USAGE, params={"bucket": "total", "group": "tenant"}, headers=reader)
    assert [point["tenant"] for point in answer.json()["points"]] == ["acme"]
    assert_error(await shop.client.get(USAGE, params={"tenant": "beta"}, headers=reader), "forbidden")
    page = await shop.client.get("/errors/network_error", headers=reader)
    assert "<td>last hour</td><td>1</td>" in page.text
    page = await shop.client.get("/errors/network_error", headers=OPERATOR)
    assert "<td>last hour</td><td>2</td>" in page.text


async def test_nobody_learns_numbers_without_a_key(shop: Shop) -> None:
    await shop.report(failed())
    await shop.usage()
    page = await shop.client.get("/errors/network_error")
    assert page.status_code == 200
    assert "lately" not in page.text
    assert_error(await shop.client.get(USAGE), "auth_required")
    wrong = {"authorization": "Bearer limi_sk_wrong"}
    assert_error(await shop.client.get("/errors/network_error", headers=wrong), "auth_required")


async def test_a_page_of_another_origin_may_report_where_it_may_mint(shop: Shop) -> None:
    origin = {"origin": "http://localhost:5173"}
    wish = {**origin, "access-control-request-method": "POST", "access-control-request-headers": "x-limi-client"}
    preflight = await shop.client.options(EVENTS, headers=wish)
    assert preflight.status_code == 204
    answer = await shop.report(failed(), **origin)
    assert answer.headers["access-control-allow-origin"] == origin["origin"]
    assert_error(await shop.report(failed(), origin="https://elsewhere.example"), "forbidden")


async def test_a_table_is_what_accept_asks_for(shop: Shop) -> None:
    await shop.report(failed())
    await shop.usage()
    answer = await shop.client.get(USAGE, headers={**OPERATOR, "accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[0].startswith("start,mints_succeeded")


async def test_rows_of_the_audit_log_say_what_the_caller_was_made_with(shop: Shop) -> None:
    minted = await shop.client.post("/api/client-secret", headers={"x-limi-client": "electron/1.0.0"})
    WATCH.register(minted.json()["ephemeralKey"])
    answer = await shop.client.get("/api/admin/audit", headers=OPERATOR)
    told = [(entry["event"], entry["frontend"]) for entry in answer.json()["entries"]]
    assert told == [("token.requested", "electron"), ("token.generated", "electron")]


async def test_what_was_answered_outlives_the_server(tmp_path: Path) -> None:
    """Counting goes on where it stopped, and nothing counts twice."""
    database = f"sqlite:///{tmp_path}/limi.db"
    async with open_shop(database) as first:
        await first.report(connected(), failed())
        await first.usage()
        await first.report(connected())
    async with open_shop(database) as second:
        (point,) = await second.usage()
        assert (point["connections"]["succeeded"], point["errors"]) == (2, 1)


async def test_without_analytics_clients_are_answered_and_nothing_is_kept(tmp_path: Path) -> None:
    async with open_shop(f"sqlite:///{tmp_path}/limi.db", LIMI_ANALYTICS_ENABLED="false") as shop:
        answer = await shop.report(failed())
        assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
        assert await shop.usage() == []
