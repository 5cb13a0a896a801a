"""`kill -9` at any moment leaves no key that a client holds without its row."""

import os
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Server, audit_until, free
from tests.e2e.load import under_load

_ROUNDS = 50 if os.environ.get("LIMI_SOAK") else 5
_OUTCOMES = {"token.generated", "token.failed", "token.unresolved"}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Name the database; of SQLite it is the default one."""
    if request.param == "sqlite":
        return {}
    return {"LIMI_DATABASE_URL": request.getfixturevalue("postgres_url")}


@pytest.mark.soak
@pytest.mark.timeout(60 + 20 * _ROUNDS)
async def test_every_key_that_a_client_received_has_its_row(
    tmp_path: Path, database: dict[str, str], tell: Callable[[str], None]
) -> None:
    moments = random.Random(_ROUNDS)  # noqa: S311 - when to strike, not a secret
    received: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server.running(tmp_path, **free(database)))
        for number in range(_ROUNDS):
            async with under_load(server, name=f"round{number}") as load:
                await load.until_keys(moments.randint(1, 150))
                server.kill()
                await server.process.wait()
            received |= load.keys
            server = await stack.enter_async_context(Server.running(tmp_path, **free(database)))
            _check(await audit_until(tmp_path, intents_ended=True, **database), received)
        await server.stop()
    tell(f"{_ROUNDS} kills: {len(received)} keys received, each with its row")


def _check(rows: list[dict[str, Any]], received: dict[str, str]) -> None:
    intents = [row for row in rows if row["event"] == "token.requested"]
    assert set(received) <= {row["sessionId"] for row in intents}
    outcomes: dict[str, list[str]] = {}
    for row in rows:
        if row["resolves"]:
            outcomes.setdefault(row["resolves"], []).append(row["event"])
    for intent in intents:
        (outcome,) = outcomes[intent["id"]]
        assert outcome in _OUTCOMES
        assert not (intent["sessionId"] in received and outcome == "token.failed")


async def test_a_crash_forgets_no_live_key(tmp_path: Path) -> None:
    """The statistics are read from the journal, so a restart changes nothing in them."""
    async with Server.running(tmp_path, **free({})) as server:
        async with server.client() as client:
            minted = await client.post("/api/client-secret", json={"sessionId": "kept"})
            before = (await client.get("/api/client-secret/stats")).json()["tokenCache"]
        server.kill()
    assert before["totalTokens"] == 1
    async with Server.running(tmp_path, **free({})) as server, server.client() as client:
        answer = await client.get("/api/client-secret/stats")
        assert answer.json()["tokenCache"] == before
        assert minted.json()["ephemeralKey"] not in answer.text
