"""Servers that are killed while they deliver: every event arrives at least once, and every signature verifies."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from limi.access import open_access
from limi.adapters.configuration import load_settings
from limi.adapters.key_files import load_key_files
from limi.features.webhooks.model import NewEndpoint
from limi.kernel.clock import SystemClock
from limi.kernel.facts import Origin
from limi.kernel.ids import RandomIds
from limi.kernel.principal import SYSTEM
from limi.testing import FakeUpstream, ReceiverReply, RecordingReceiver
from tests.architecture.log_watch import WATCH
from tests.e2e.harness import Server, audit, free
from tests.e2e.load import under_load

_EVENTS = 500 if os.environ.get("LIMI_SOAK") else 50
_SLOW = ReceiverReply(delay_seconds=0.03)
"""Slow enough that deliveries are under way at any moment, quick enough for 500 of them."""
_QUICK_LEASE = {"LIMI_WEBHOOKS_TIMEOUT_SECONDS": "1"}
"""What a killed server was at is claimed again 16 s later instead of 45."""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(180 + _EVENTS)]


async def _register(folder: Path, receiver: RecordingReceiver, settings: dict[str, str]) -> None:
    """Make an endpoint for token events as a command does: beside the server, in its database."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        loaded = load_settings(settings)
        keys = load_key_files(loaded)
        async with open_access(loaded, keys, clock=SystemClock(), ids=RandomIds()) as access:
            new = NewEndpoint(url=receiver.url, events=frozenset({"token.generated"}))
            origin = Origin(request_id="e2e", caller=SYSTEM.caller)
            receiver.secret = (await access.webhooks.create(new, by=SYSTEM, origin=origin)).secret.reveal()
            WATCH.register(receiver.secret)
    finally:
        os.chdir(before)


@asynccontextmanager
async def _receiver() -> AsyncIterator[RecordingReceiver]:
    receiver = RecordingReceiver(always=_SLOW)
    async with receiver.running():
        yield receiver


async def _until_known(server: Server, receiver: RecordingReceiver, name: str) -> None:
    """Wait until the server has noticed the endpoint: it tells of nothing that it did before.

    Only what the server itself did shows that, since another's events may still be on their way.
    """
    session_id = f"warm-up-{name}"
    async with server.client() as client, asyncio.timeout(30):
        while session_id not in {receipt.json()["data"]["sessionId"] for receipt in receiver.received}:
            await client.post("/api/client-secret", json={"sessionId": session_id})


async def _check(
    folder: Path, receiver: RecordingReceiver, settings: dict[str, str], keys: dict[str, str]
) -> None:
    """Check that whoever was handed a key is among those told of, and that all that was told is right."""
    rows = [row for row in await audit(folder, **settings) if row["event"] == "token.generated"]
    # Of the first ones the server did not know yet that somebody wants to be told.
    told = {row["id"]: row["sessionId"] for row in rows if not row["sessionId"].startswith("warm-up")}
    async with asyncio.timeout(60):
        await receiver.until_told(told)
    assert [receipt.refused for receipt in receiver.received if receipt.refused] == []
    said = {receipt.id: receipt.json()["data"]["sessionId"] for receipt in receiver.received}
    assert {message: said[message] for message in told} == told
    # The last outcomes may have died with the server; their intents say so, and nobody is told of what is unknown.
    assert len(set(keys) - set(told.values())) <= len(keys) // 4


async def test_a_server_that_is_killed_while_it_delivers_loses_no_event(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    settings = free(
        {"LIMI_UPSTREAM_URL": upstream.url, "OPENAI_API_KEY": "sk-proj-hooks-0123456789", **_QUICK_LEASE}
    )
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(_receiver())
        server = await stack.enter_async_context(Server.running(tmp_path, **settings))
        await _register(tmp_path, receiver, settings)
        await _until_known(server, receiver, "killed")
        async with under_load(server, name="killed") as load:
            await load.until_keys(_EVENTS)
            server.kill()
            await server.process.wait()
        arrived = len(receiver.received)
        again = await stack.enter_async_context(Server.running(tmp_path, **settings))
        await _check(tmp_path, receiver, settings, load.keys)
        assert len(receiver.received) > arrived, "nothing was left to deliver: the server was killed too late"
        await again.stop()


async def test_what_one_of_two_servers_held_when_it_was_killed_the_other_delivers(
    tmp_path: Path, postgres_url: str, upstream: FakeUpstream
) -> None:
    settings = free(
        {
            "LIMI_DATABASE_URL": postgres_url,
            "LIMI_UPSTREAM_URL": upstream.url,
            "OPENAI_API_KEY": "sk-proj-hooks-0123456789",
            **_QUICK_LEASE,
        }
    )
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(_receiver())
        killed = await stack.enter_async_context(Server.running(tmp_path, **settings))
        left = await stack.enter_async_context(Server.running(tmp_path, **settings))
        await _register(tmp_path, receiver, settings)
        await _until_known(killed, receiver, "killed")
        await _until_known(left, receiver, "left")
        async with under_load(left, name="left") as more, under_load(killed, name="killed") as load:
            await load.until_keys(_EVENTS)
            killed.kill()
            await killed.process.wait()
            await more.until_keys(_EVENTS)
        await _check(tmp_path, receiver, settings, load.keys | more.keys)
        await left.stop()
