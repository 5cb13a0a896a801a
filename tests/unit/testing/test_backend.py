import json
from typing import Any

import pytest

from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.transports import Answer
from limi.features.journal.model import Selection
from limi.kernel.settings import SettingsError
from limi.testing import FakeUpstream, InMemoryJournalStore, ManualClock, running_backend
from limi.testing.backend import known_keys


async def ask(method: str, url: str, path: str, **headers: str) -> Answer:
    transport = HTTPTransport(base_url=url, timeout_seconds=30, max_bytes=1_000_000, user_agent="test/1")
    try:
        given = {"content-type": "application/json", **headers}
        return await transport.send(method, path, headers=given, body=b"{}" if method == "POST" else b"")
    finally:
        await transport.close()


async def mint(url: str, **headers: str) -> dict[str, Any]:
    answer = await ask("POST", url, "/api/client-secret", **headers)
    found: dict[str, Any] = json.loads(answer.body)
    return found


async def test_with_nothing_said_keys_come_from_the_sandbox_inside() -> None:
    async with running_backend() as backend:
        assert backend.app.upstream_name == "sandbox"
        assert (await mint(backend.url))["ephemeralKey"].startswith("ek_")


async def test_keys_come_from_the_upstream_that_is_named() -> None:
    async with FakeUpstream().running() as upstream, running_backend(upstream_url=upstream.url) as backend:
        answer = await mint(backend.url)
        assert answer["ephemeralKey"] == f"ek_{1:032x}"
        assert [asked.path for asked in upstream.asked] == ["/v1/realtime/client_secrets"]


async def test_time_the_journal_and_the_settings_are_the_tests() -> None:
    clock, store = ManualClock(), InMemoryJournalStore()
    environ = {"LIMI_TOKENS_PER_MINUTE": "1"}
    async with running_backend(clock=clock, store=store, environ=environ) as backend:
        assert (await mint(backend.url))["expiresAt"] == int(clock.now()) + 600
        assert (await mint(backend.url))["code"] == "rate_limit_exceeded"
        clock.advance(60)
        assert "ephemeralKey" in await mint(backend.url)
    events = [entry.event for entry in store.entries(after=0, limit=100, selection=Selection())]
    assert events.count("token.generated") == 2


async def test_the_processes_own_settings_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMI_PORT", "not a port")
    async with running_backend():
        pass


async def test_the_operators_key_is_known_to_the_test() -> None:
    async with running_backend(environ={"LIMI_ENV": "production", "LIMI_UPSTREAM_URL": "sandbox"}) as backend:
        assert (await ask("GET", backend.url, "/metrics")).status == 401
        answer = await ask("GET", backend.url, "/metrics", authorization=f"Bearer {backend.admin_key}")
        assert answer.status == 200


async def test_settings_that_do_not_fit_are_refused_as_they_would_be_at_a_start() -> None:
    with pytest.raises(SettingsError):
        async with running_backend(environ={"LIMI_PORT": "http"}):
            pytest.fail("it must not start")


def test_the_servers_keys_are_the_same_in_every_test() -> None:
    assert known_keys().root == known_keys().root
    assert len(bytes.fromhex(known_keys().root.reveal())) == 32
