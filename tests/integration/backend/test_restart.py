"""The whole backend on a database of its own, stopped and started again."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.adapters.sql.schema import upgrade
from tests.integration.http.harness import MINT, Site, assert_error, open_site


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "limi.db"


@asynccontextmanager
async def _site(file: Path, **environ: str) -> AsyncIterator[Site]:
    url = f"sqlite:///{file}"
    upgrade(url)
    store = SQLJournalStore(engine=open_engine(url, busy_seconds=0.05))
    async with open_site(store=store, environ=environ) as site:
        yield site


async def test_a_restart_forgets_no_live_key(file: Path) -> None:
    async with _site(file) as site:
        for number in range(3):
            await site.mint({"sessionId": f"session-{number}"})
        before = (await site.get(f"{MINT}/stats")).json()["tokenCache"]
        assert before["totalTokens"] == 3
    async with _site(file) as site:
        assert (await site.get(f"{MINT}/stats")).json()["tokenCache"] == before
        await site.mint({"sessionId": "session-3"})
        tokens = (await site.get(f"{MINT}/stats")).json()["tokenCache"]["tokens"]
        assert [token["sessionId"] for token in tokens] == [f"session-{number}" for number in (3, 2, 1, 0)]


async def test_a_restart_remembers_no_limits_and_no_repeats(file: Path) -> None:
    """Both are kept in memory in this release; a repeat after a restart makes a new key, as the docs say."""
    async with _site(file, LIMI_TOKENS_PER_MINUTE="1") as site:
        await site.mint({}, {"idempotency-key": "restarted-repeat"})
        assert_error(await site.mint({}), "rate_limit_exceeded")
    async with _site(file, LIMI_TOKENS_PER_MINUTE="1") as site:
        response = await site.mint({}, {"idempotency-key": "restarted-repeat"})
        assert response.status_code == 200
        assert "idempotent-replayed" not in response.headers


async def test_a_stop_writes_every_outcome(file: Path) -> None:
    async with _site(file) as site:
        await site.mint({})
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT event FROM journal ORDER BY seq").fetchall()
    assert rows == [("token.requested",), ("token.generated",)]


async def test_while_the_database_is_locked_no_key_is_handed_out(file: Path) -> None:
    async with _site(file) as site:
        assert (await site.mint({})).status_code == 200
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            response = await site.mint({"sessionId": "refused"})
            body = assert_error(response, "audit_unavailable", 503)
            assert (body["retryAfter"], response.headers["retry-after"]) == (5000, "5")
            assert (await site.get("/readyz")).json()["journal"] == "failing"
            other.execute("ROLLBACK")
        assert (await site.mint({"sessionId": "accepted"})).status_code == 200
        assert (await site.get("/readyz")).status_code == 200
        entries = await site.entries()
        minted = [entry.session_id for entry in entries if entry.event == "token.generated"]
        assert minted == ["sess_000001", "accepted"]
        assert [entry.code for entry in entries if entry.event == "token.failed"] == ["audit_unavailable"]


async def test_a_database_that_is_gone_is_not_ready_and_stats_say_so(file: Path) -> None:
    async with _site(file) as site:
        with closing(sqlite3.connect(file)) as other:
            other.execute("DROP TABLE alembic_version")
            other.commit()
        response = await site.get("/readyz")
        assert (response.status_code, response.json()["database"]) == (503, "unavailable")
        assert (await site.get("/healthz")).status_code == 200
