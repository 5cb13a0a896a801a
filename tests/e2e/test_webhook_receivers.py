"""The receivers that the documents show, and `limi webhook listen`, take what a real server sends."""

import asyncio
import json
import re
import sys
import time
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.architecture.log_watch import WATCH
from tests.e2e.harness import Server, environment, run_limi

_ROOT = Path(__file__).parents[2]
_NODE = _ROOT / ".venv" / "node" / "bin" / "node"
_RECEIVERS = {
    "python": (sys.executable, "-u", str(_ROOT / "examples/webhooks/python/receiver.py")),
    "node": (str(_NODE), str(_ROOT / "examples/webhooks/node/receiver.js")),
}
_PATIENCE_SECONDS = 30.0


class _Program:
    """A receiver in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.url = ""

    async def line(self) -> str:
        """Return the next line that it prints."""
        assert self._process.stdout is not None
        line = (await asyncio.wait_for(self._process.stdout.readline(), _PATIENCE_SECONDS)).decode()
        WATCH.take(line)
        assert line, "it has ended"
        return line.rstrip()

    async def until(self, pattern: str) -> re.Match[str]:
        """Return the first line that fits."""
        while (found := re.search(pattern, await self.line())) is None:
            pass
        return found


@asynccontextmanager
async def _started(*command: str, folder: Path, **environ: str) -> AsyncIterator[_Program]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment(folder, **environ), stdout=PIPE, stderr=STDOUT
    )
    try:
        program = _Program(process)
        program.url = (await program.until(r"istening on (http://\S+)"))[1]
        yield program
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _webhook(folder: Path, *arguments: str) -> str:
    code, out, err = await run_limi(folder, "webhook", *arguments)
    assert code == 0, err
    return out


async def _replay_until_delivered(client: httpx.AsyncClient, webhook: str) -> None:
    path = f"/api/admin/webhooks/{webhook}/deliveries"
    number = await _delivered(client, path)
    assert (await client.post(f"{path}/{number}/replay")).json() == {"replayed": 1}
    assert await _delivered(client, path) == number
    attempts = (await client.get(f"{path}/{number}/attempts")).json()["attempts"]
    assert [attempt["status"] for attempt in attempts] == [204, 204]


async def _delivered(client: httpx.AsyncClient, path: str) -> int:
    """Wait until the one delivery has arrived and that is on record, and return its number."""
    while True:
        (delivery,) = (await client.get(path)).json()["deliveries"]
        if delivery["state"] == "delivered":
            number: int = delivery["id"]
            return number
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("language", _RECEIVERS)
async def test_an_example_verifies_takes_each_event_once_and_refuses_what_is_forged(
    tmp_path: Path, language: str
) -> None:
    async with Server.running(tmp_path) as server, server.client() as client:
        made = json.loads(await _webhook(tmp_path, "create", "http://localhost:1024/", "--json"))
        webhook, secret = made["webhook"]["id"], made["secret"]
        WATCH.register(secret)
        (tmp_path / "webhook-secret").write_text(f"{secret}\n")
        command = (*_RECEIVERS[language], "--port", "0")
        async with _started(*command, folder=tmp_path, WEBHOOK_SECRET_FILE="webhook-secret") as receiver:
            key = (tmp_path / ".limi" / "admin-key").read_text().strip()
            client.headers["authorization"] = f"Bearer {key}"
            path = f"/api/admin/webhooks/{webhook}"
            assert (await client.patch(path, json={"url": f"{receiver.url}/limi?from=limi"})).is_success
            body = {"sessionId": "s1", "model": "gpt-realtime-2.1", "expiresAt": int(time.time()) + 60}
            announced = await client.post("/api/webhook/token-generated", json=body)
            assert announced.json()["status"] == "webhook_received"
            told = await receiver.line()
            assert told.startswith("token.generated at 20")
            assert "gpt-realtime-2.1" in told
            await _replay_until_delivered(client, webhook)
            assert (await client.post(f"{path}/test")).status_code == 202
            assert (await receiver.line()).startswith("webhook.test at 20"), "what came twice was taken once"
            forged = {
                "webhook-id": "m1",
                "webhook-timestamp": str(int(time.time())),
                "webhook-signature": "v1,bm90aGluZw==",
            }
            for headers, status in (({}, 400), (forged, 400), ({**forged, "webhook-signature": "v1"}, 400)):
                answer = await client.post(receiver.url, content=b"{}", headers=headers)
                assert answer.status_code == status
            large = await client.post(receiver.url, content=b" " * 30_000, headers=forged)
            assert large.status_code == 413


async def test_listening_registers_prints_what_comes_and_leaves_nothing(tmp_path: Path) -> None:
    async with Server.running(tmp_path):
        listen = (sys.executable, "-m", "limi", "webhook", "listen", "--register", "--port", "0", "--json")
        async with _started(*listen, folder=tmp_path, PYTHONUNBUFFERED="1") as listener:
            (endpoint,) = json.loads(await _webhook(tmp_path, "list", "--json"))
            message = json.loads(await _webhook(tmp_path, "test", endpoint["id"], "--json"))["message"]
            told = json.loads((await listener.until(r"^\{.*\}$"))[0])
            assert (told["id"], told["verified"], told["payload"]["type"]) == (message, True, "webhook.test")
            assert (await run_limi(tmp_path, "key", "create", "my first key", "--quiet"))[0] == 0
            told = json.loads((await listener.until(r"^\{.*\}$"))[0])
            assert (told["verified"], told["payload"]["type"]) == (True, "key.created"), "as the quick start says"
        assert json.loads(await _webhook(tmp_path, "list", "--json")) == []
