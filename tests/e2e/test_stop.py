"""How the server ends when it is asked to."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from limi.testing import FakeUpstream
from tests.e2e.harness import MINT, Server, audit


async def test_requests_in_flight_are_finished(tmp_path: Path, upstream: FakeUpstream) -> None:
    """Their keys are handed out, their rows written, and nobody new is let in."""
    settings = {"OPENAI_API_KEY": "sk-proj-stop-0123456789", "LIMI_UPSTREAM_URL": upstream.url}
    async with Server.running(tmp_path, **settings) as server, server.client() as client:
        upstream.gate = asyncio.Event()
        mints = [asyncio.create_task(client.post(MINT, json={"sessionId": f"s-{n}"})) for n in range(3)]
        await upstream.until_asked(3)
        server.process.send_signal(signal.SIGTERM)
        await _refuses_connections(server)
        upstream.gate.set()
        answers = await asyncio.gather(*mints)
        await server.stop()
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    rows = await audit(tmp_path)
    assert {row["sessionId"] for row in rows if row["event"] == "token.generated"} == {"s-0", "s-1", "s-2"}


async def _refuses_connections(server: Server) -> None:
    async with asyncio.timeout(10), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                await client.get(f"{server.url}/healthz", headers={"connection": "close"})
            except httpx.ConnectError:
                return
            except httpx.TransportError:
                continue  # It was waiting to be let in when the door closed.


async def test_no_line_of_the_log_is_lost(tmp_path: Path) -> None:
    """Lines are gathered before they are written; those of the last moment are written all the same."""
    async with Server.running(tmp_path) as server, server.client() as client:
        request_id = (await client.post(MINT)).json()["requestId"]
        await server.stop()
    assert any(request_id in line for line in server.log)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_server_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    async with Server.running(tmp_path) as server:
        server.process.send_signal(number)
        async with asyncio.timeout(5):
            assert await server.process.wait() == 0
        assert not any("Traceback" in line for line in server.log)


async def test_an_upstream_that_stays_silent_does_not_keep_the_server(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    settings = {
        "OPENAI_API_KEY": "sk-proj-stop-0123456789",
        "LIMI_UPSTREAM_URL": upstream.url,
        "LIMI_SERVER_SHUTDOWN_SECONDS": "1",
    }
    async with Server.running(tmp_path, **settings) as server, server.client() as client:
        upstream.gate = asyncio.Event()
        mint = asyncio.create_task(client.post(MINT))
        await upstream.until_asked()
        await server.stop()
        with pytest.raises(httpx.HTTPError):
            (await mint).raise_for_status()
    rows = await audit(tmp_path)
    assert [row["event"] for row in rows][:1] == ["token.requested"]
    assert "token.generated" not in {row["event"] for row in rows}
