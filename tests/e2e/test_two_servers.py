"""Two real servers on one PostgreSQL and one Redis act as one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from limi.testing import FakeUpstream
from tests.architecture.log_watch import WATCH
from tests.e2e.fleet import Fleet
from tests.e2e.harness import MINT, Server, audit, free

_LIMIT = 40


@pytest.fixture
def shared(postgres_url: str, old_redis_url: str, upstream: FakeUpstream) -> dict[str, str]:
    """Return what both servers are told. Their key files are the same, because they run in one folder."""
    return {
        "LIMI_DATABASE_URL": postgres_url,
        "LIMI_REDIS_URL": old_redis_url,
        "LIMI_PROCESSES": "3",
        # Generous: what is tested is not how fast this machine commits and answers.
        "LIMI_REDIS_TIMEOUT_MS": "5000",
        "LIMI_JOURNAL_WRITE_SECONDS": "30",
        "LIMI_UPSTREAM_URL": upstream.url,
        "OPENAI_API_KEY": "sk-proj-two-servers-0123456789",
    }


@asynccontextmanager
async def _two_servers(folder: Path, settings: dict[str, str]) -> AsyncIterator[tuple[Server, Server]]:
    """Start two; the first has two workers of its own."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(Server.running(folder, **settings, LIMI_WORKERS="2"))
        yield one, await stack.enter_async_context(Server.running(folder, **settings))


async def test_limits_are_exact_over_both_and_a_repeat_is_one_mint_whoever_is_asked(
    tmp_path: Path, shared: dict[str, str], upstream: FakeUpstream
) -> None:
    settings = shared | {"LIMI_TOKENS_PER_MINUTE": str(_LIMIT)}
    async with _two_servers(tmp_path, settings) as servers, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(server.client()) for server in servers]
        key = {"idempotency-key": "the-same-at-both-0123456789"}
        WATCH.register(key["idempotency-key"])
        repeats = await asyncio.gather(*(client.post(MINT, json={}, headers=key) for client in clients * 5))
        assert {answer.status_code for answer in repeats} == {200}
        assert len({answer.json()["ephemeralKey"] for answer in repeats}) == 1
        assert len(upstream.asked) == 1
        answers = await asyncio.gather(*(client.post(MINT, json={}) for client in clients * 100))
        statuses = Counter(answer.status_code for answer in answers)
        # Repeats count as requests, too.
        assert statuses == {200: _LIMIT - len(repeats), 429: 200 - _LIMIT + len(repeats)}
        metrics = (await clients[0].get("/metrics")).text
        assert "limi_workers 2.0\n" in metrics
        for server in servers:
            await server.stop()
    rows = await audit(tmp_path, **settings)
    assert sum(row["event"] == "token.generated" for row in rows) == 1 + _LIMIT - len(repeats)


@pytest.mark.timeout(240)
async def test_a_rolling_restart_under_load_loses_no_request(tmp_path: Path, shared: dict[str, str]) -> None:
    """Each server in turn is drained, ends, and is replaced by a new one, while callers never pause."""
    settings = free(shared | {"LIMI_SERVER_DRAIN_SECONDS": "1"})
    fleet = Fleet()
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(Server.running(tmp_path, **settings)) for _ in range(2)]
        memberships = [AsyncExitStack(), AsyncExitStack()]
        renewed: list[Server] = []
        for server, membership in zip(servers, memberships, strict=True):
            await membership.enter_async_context(fleet.with_server(server))
        async with fleet.under_load():
            await fleet.until_more_keys(50)
            for server, membership in zip(servers, memberships, strict=True):
                new = await stack.enter_async_context(Server.running(tmp_path, **settings))
                renewed.append(new)
                await stack.enter_async_context(fleet.with_server(new))
                await server.stop()
                await membership.aclose()
                await fleet.until_more_keys(50)
        # Leaving the block kills them, and outcomes are written milliseconds after their answers.
        for server in renewed:
            await server.stop()
    assert fleet.lost == []
    rows = await audit(tmp_path, **settings)
    assert {row["sessionId"] for row in rows if row["event"] == "token.generated"} == set(fleet.keys)


async def test_a_key_revoked_at_one_is_refused_at_the_other_within_a_second(
    tmp_path: Path, shared: dict[str, str]
) -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(Server.running(tmp_path, **shared)) for _ in range(2)]
        one, other = [await stack.enter_async_context(server.client()) for server in servers]
        operator = {"authorization": f"Bearer {(tmp_path / '.limi' / 'admin-key').read_text().strip()}"}
        wish = {"name": "app", "scopes": ["mint"]}
        made = (await one.post("/api/admin/keys", json=wish, headers=operator)).json()
        WATCH.register(made["secret"])
        caller = {"authorization": f"Bearer {made['secret']}"}
        for client in (one, other):
            assert (await client.post(MINT, json={}, headers=caller)).status_code == 200
        revoked = await one.post(f"/api/admin/keys/{made['key']['id']}/revoke", headers=operator)
        assert revoked.status_code == 200
        since = monotonic()
        assert (await one.post(MINT, json={}, headers=caller)).status_code == 401
        async with asyncio.timeout(10):
            while True:
                asked = monotonic()
                if (await other.post(MINT, json={}, headers=caller)).status_code == 401:
                    break
        assert asked - since < 1
