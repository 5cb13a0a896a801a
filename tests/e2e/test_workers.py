"""`LIMI_WORKERS`: several processes behind one port, which their callers cannot tell from one."""

import asyncio
import signal
from pathlib import Path

import pytest

from limi.testing import FakeUpstream
from tests.e2e.harness import MINT, Server, audit, free, run_limi
from tests.e2e.load import under_load


@pytest.fixture
def settings(postgres_url: str, old_redis_url: str, upstream: FakeUpstream) -> dict[str, str]:
    return free(
        {
            "LIMI_WORKERS": "2",
            "LIMI_DATABASE_URL": postgres_url,
            "LIMI_REDIS_URL": old_redis_url,
            "LIMI_UPSTREAM_URL": upstream.url,
            "OPENAI_API_KEY": "sk-proj-workers-0123456789",
        }
    )


async def _mints_counted(server: Server) -> float:
    async with server.client() as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("limi_mints_total{"))


async def _said(server: Server, event: str) -> None:
    """Wait until the log says so."""
    async with asyncio.timeout(60):
        while True:
            if any(event in line for line in server.log):
                return
            await asyncio.sleep(0.05)


async def test_workers_renewed_under_load_lose_no_request_and_no_count(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    async with Server.running(tmp_path, **settings) as server:
        assert server.started["workers"] == "2"
        async with under_load(server) as load:
            await load.until_keys(50)
            server.process.send_signal(signal.SIGHUP)
            await _said(server, "workers.renewed")
            await load.until_keys(len(load.keys) + 50)
        assert load.errors == []
        assert load.asked == len(load.keys)
        assert [await _mints_counted(server) for _ in range(3)] == [load.asked] * 3
        await server.stop()
    rows = await audit(tmp_path, **settings)
    assert {row["sessionId"] for row in rows if row["event"] == "token.generated"} == set(load.keys)
    assert "Traceback" not in "\n".join(server.log)


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"LIMI_DATABASE_URL"}, ["PostgreSQL (LIMI_DATABASE_URL=postgresql://…):"]),
        ({"LIMI_REDIS_URL"}, ["Redis (LIMI_REDIS_URL):"]),
        ({"LIMI_DATABASE_URL", "LIMI_REDIS_URL"}, ["PostgreSQL (", " and Redis ("]),
        ({"OPENAI_API_KEY", "LIMI_UPSTREAM_URL"}, ["an upstream outside", "LIMI_UPSTREAM_URL"]),
    ],
)
async def test_without_what_they_share_they_do_not_start(
    tmp_path: Path, settings: dict[str, str], missing: set[str], named: list[str]
) -> None:
    given = {name: value for name, value in settings.items() if name not in missing}
    code, out, err = await run_limi(tmp_path, "serve", "--port", "0", **given)
    assert (code, out) == (2, "")
    assert err.startswith("limi: LIMI_WORKERS=2 needs ")
    assert all(name in err for name in named)
    assert not (tmp_path / ".limi").exists()


async def test_a_start_that_a_worker_refuses_is_told_once(tmp_path: Path, settings: dict[str, str]) -> None:
    settings |= {"LIMI_DATABASE_URL": "postgresql://limi:hunter2@127.0.0.1:9/limi"}
    code, _, err = await run_limi(tmp_path, "serve", "--port", "0", **settings)
    assert code == 2
    assert err.count("limi: The database cannot be opened") == 1
    assert "hunter2" not in err


async def test_readiness_says_that_a_server_drains_and_each_answer_ends_its_connection(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    settings = {
        "LIMI_UPSTREAM_URL": upstream.url,
        "OPENAI_API_KEY": "sk-proj-workers-0123456789",
        "LIMI_SERVER_DRAIN_SECONDS": "30",
    }
    async with Server.running(tmp_path, **settings) as server, server.client() as client:
        assert (await client.get("/readyz")).json()["status"] == "ready"
        server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            answer = await client.get("/readyz")
            while answer.status_code == 200:
                await asyncio.sleep(0.02)
                answer = await client.get("/readyz")
        assert (answer.json()["status"], answer.headers["connection"]) == ("draining", "close")
        minted = await client.post(MINT, json={})
        assert (minted.status_code, minted.headers["connection"]) == (200, "close")
        # A second signal says that nobody needs the rest of the time.
        await asyncio.wait_for(server.stop(), 15)
