"""How the server starts, and when it refuses to."""

import stat
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from limi.testing import FakeUpstream
from tests.e2e.harness import MINT, Server, run_limi

_KEY = "sk-proj-end-to-end-0123456789"


async def test_it_starts_with_no_configuration_and_says_where_and_on_what(tmp_path: Path) -> None:
    async with Server.running(tmp_path) as server, server.client() as client:
        assert urlsplit(server.url).hostname == "localhost"
        started = {name: server.started[name] for name in ("event", "upstream", "environment", "version")}
        assert started == {
            "event": "limi.started",
            "upstream": "sandbox",
            "environment": "development",
            "version": "1.0.0",
        }
        answer = (await client.post(MINT)).json()
        assert answer["ephemeralKey"].startswith("ek_")
        assert answer["urls"]["webrtc"].startswith(f"{server.url}/sandbox/v1/")
        assert (await client.get(f"{MINT}/health")).json()["upstream"] == "sandbox"
        assert (await client.get("/api")).json()["upstream"] == "sandbox"
        page = await client.get("/")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert (await client.get("/readyz")).json()["status"] == "ready"


async def test_what_it_writes_down_only_its_user_can_read(tmp_path: Path) -> None:
    async with Server.running(tmp_path) as server, server.client() as client:
        await client.post(MINT)
        folder = tmp_path / ".limi"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert {"secret", "admin-key", "limi.db"} <= set(modes)
        assert set(modes.values()) == {0o600}
        admin_key = (folder / "admin-key").read_text().strip()
        assert not any(admin_key in line for line in server.log)
        assert any(str(Path(".limi/admin-key")) in line for line in server.log)
        stats = await client.get(f"{MINT}/stats", headers={"authorization": f"Bearer {admin_key}"})
        assert stats.status_code == 200


async def test_with_a_key_it_mints_at_openai_and_says_so(tmp_path: Path, upstream: FakeUpstream) -> None:
    settings = {"OPENAI_API_KEY": _KEY, "LIMI_UPSTREAM_URL": upstream.url}
    async with Server.running(tmp_path, **settings) as server, server.client() as client:
        assert server.started["upstream"] == urlsplit(upstream.url).netloc
        answer = (await client.post(MINT)).json()
        assert answer["urls"]["webrtc"] == f"{upstream.url}/realtime/calls"
        assert upstream.asked[0].headers["authorization"] == f"Bearer {_KEY}"
        assert not any(_KEY in line for line in server.log)


async def test_without_an_upstream_url_a_key_means_openai(tmp_path: Path) -> None:
    async with Server.running(tmp_path, OPENAI_API_KEY=_KEY) as server:
        assert server.started["upstream"] == "openai"


async def test_a_second_start_keeps_keys_and_journal(tmp_path: Path) -> None:
    async with Server.running(tmp_path):
        first = (tmp_path / ".limi" / "admin-key").read_text()
    async with Server.running(tmp_path) as server:
        assert (tmp_path / ".limi" / "admin-key").read_text() == first
        assert not any("admin_key.made" in line for line in server.log)


_KEY_FILES = {"LIMI_SECRET_KEY_FILE": "root", "LIMI_ADMIN_KEY_FILE": "admin"}
REFUSALS = {
    "an unknown setting": ({"LIMI_PROT": "1"}, "LIMI_PROT"),
    "a setting that does not fit": ({"LIMI_LOG_LEVEL": "loud"}, "LIMI_LOG_LEVEL"),
    "production without a key": ({"LIMI_ENV": "production", **_KEY_FILES}, "OPENAI_API_KEY"),
    "production without key files": ({"LIMI_ENV": "production"}, "LIMI_SECRET_KEY_FILE"),
    "an open door to a real key": ({"OPENAI_API_KEY": _KEY, "LIMI_HOST": "0.0.0.0"}, "LIMI_ALLOW_ANONYMOUS"),  # noqa: S104
    "a database that cannot be": ({"LIMI_DATABASE_URL": "mysql://localhost/limi"}, "LIMI_DATABASE_URL"),
    "an origin that no page has": ({"LIMI_CORS_ORIGINS": "*"}, "LIMI_CORS_ORIGINS"),
    "a host that no request names": ({"LIMI_ALLOWED_HOSTS": "voice.example:443"}, "LIMI_ALLOWED_HOSTS"),
    "a profile that upstream would refuse": (
        {"LIMI_PROFILES": '{"tutor": {"turn_detection": {"type": "bogus"}}}'},
        "profiles.tutor.turn_detection",
    ),
    "a password in a URL": ({"LIMI_UPSTREAM_URL": "https://u:hush@a.example/v1"}, "LIMI_UPSTREAM_URL"),
    "a host of another machine": ({"LIMI_HOST": "203.0.113.1"}, "LIMI_HOST"),
    "what Kubernetes sets": ({"LIMI_PORT": "tcp://10.0.0.1:3001"}, "enableServiceLinks"),
    "keys that all can read": (
        {"LIMI_ENV": "production", "LIMI_UPSTREAM_URL": "sandbox", **_KEY_FILES},
        "LIMI_SECRET_KEY_FILE",
    ),
    "a proxy that is no network": ({"LIMI_TRUSTED_PROXIES": "everybody"}, "LIMI_TRUSTED_PROXIES"),
}


@pytest.mark.parametrize("reason", REFUSALS)
async def test_a_start_that_nobody_can_have_meant_is_refused_in_a_sentence(tmp_path: Path, reason: str) -> None:
    settings, named = REFUSALS[reason]
    (tmp_path / "root").write_text("00" * 32)
    (tmp_path / "root").chmod(0o644)
    (tmp_path / "admin").write_text("limi_admin_end_to_end_0123456789")
    code, out, err = await run_limi(tmp_path, "serve", "--port", "0", **settings)
    assert code == 2
    assert out == ""
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("limi: ")
    assert named in lines[0]
    assert lines[0].endswith((".", "`."))
    assert _KEY not in err
    assert "hush" not in err


async def test_a_taken_port_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    async with Server.running(tmp_path) as server:
        port = str(urlsplit(server.url).port)
        code, _, err = await run_limi(tmp_path / "second", "serve", "--port", port)
        assert code == 2
        assert err.startswith(f"limi: 127.0.0.1:{port} cannot be had: Address already in use; ")
        assert err.count("\n") == 1
        assert list((tmp_path / "second").iterdir()) == []
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{server.url}/healthz")).status_code == 200
