"""No key, no idempotency key and no instructions in what the server writes down: log, database, any other file."""

import json
from pathlib import Path

import httpx

from limi.testing import FakeUpstream, Reply
from tests.architecture.log_watch import WATCH
from tests.e2e.harness import MINT, Server, audit

_MAIN_KEY = "sk-proj-at-rest-0123456789"
_REPEAT = "idempotency-at-rest-0123456789"
_INSTRUCTIONS = "Speak of nothing but the weather on Titan."
_VALUE = "a-variable-at-rest-0123456789"


async def test_nothing_secret_is_written_down(tmp_path: Path, upstream: FakeUpstream) -> None:
    profile = {"instructions": _INSTRUCTIONS + " {{topic}}", "variables": {"topic": ""}}
    settings = {
        "OPENAI_API_KEY": _MAIN_KEY,
        "LIMI_UPSTREAM_URL": upstream.url,
        "LIMI_PROFILES": json.dumps({"default": profile}),
    }
    async with Server.running(tmp_path, **settings) as server, server.client() as client:
        admin_key = (tmp_path / ".limi" / "admin-key").read_text().strip()
        secrets = [_MAIN_KEY, _REPEAT, _INSTRUCTIONS, _VALUE, admin_key]
        WATCH.register(*secrets)
        headers = {"idempotency-key": _REPEAT, "authorization": f"Bearer {admin_key}"}
        body = {"variables": {"topic": _VALUE}}
        minted, repeated = [await client.post(MINT, json=body, headers=headers) for _ in range(2)]
        assert repeated.headers["idempotent-replayed"] == "true"
        secrets.append(minted.json()["ephemeralKey"])
        upstream.queued.extend(
            [
                Reply(401, _MAIN_KEY.encode()),
                Reply(200, b'{"value": "ek_at_rest_0123456789"}'),
                Reply(cut_after=40),
            ]
        )
        for _ in range(3):
            assert (await client.post(MINT, json=body)).status_code >= 500
        secrets += await _webhook_secrets(client, {"authorization": f"Bearer {admin_key}"})
        await client.post(MINT, json={"sessionId": _VALUE + " "})
        await client.post(MINT, headers={"authorization": f"Bearer {admin_key}x"})
        for path in ("/", "/docs", "/metrics", f"{MINT}/stats", f"{MINT}/health", "/openapi.json"):
            _hold_none((await client.get(path)).content, secrets, path)
        await server.stop()
    assert _INSTRUCTIONS in upstream.asked[0].json()["session"]["instructions"]
    _hold_none("\n".join(server.log).encode(), secrets, "the log")
    _hold_none(json.dumps(await audit(tmp_path)).encode(), secrets, "the audit log")
    _files_hold_none(tmp_path, secrets)


async def _webhook_secrets(client: httpx.AsyncClient, headers: dict[str, str]) -> list[str]:
    """Make an endpoint, change its secret, and return both."""
    wish = {"url": "https://hooks.example/", "events": ["tenant.resumed"]}
    made = (await client.post("/api/admin/webhooks", json=wish, headers=headers)).json()
    path = f"/api/admin/webhooks/{made['webhook']['id']}"
    rotated = (await client.post(f"{path}/rotate", headers=headers)).json()
    return [made["secret"], rotated["secret"]]


def _files_hold_none(folder: Path, secrets: list[str]) -> None:
    files = {path.name: path for path in folder.rglob("*") if path.is_file()}
    assert "limi.db" in files
    for name in set(files) - {"admin-key", "secret"}:
        _hold_none(files[name].read_bytes(), secrets, name)


def _hold_none(content: bytes, secrets: list[str], where: str) -> None:
    found = [secret for secret in [*secrets, "ek_at_rest_0123456789"] if secret.encode() in content]
    assert not found, f"{where} holds {found}"
