"""What is opened for a backend is closed with it."""

import pytest

from limi.features.journal.memory import InMemoryJournalStore
from limi.testing import FakeUpstream, running_backend


class WatchedStore(InMemoryJournalStore):
    """A store that says whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def close(self) -> None:
        self.closed = True


async def test_the_journals_store_is_open_while_the_backend_runs_and_closed_after() -> None:
    store = WatchedStore()
    async with running_backend(store=store):
        assert not store.closed
    assert store.closed


async def test_a_loopback_upstream_is_reached_past_a_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A developer's HTTP_PROXY is for the internet; what runs on the same machine is not behind it."""
    from limi.adapters.upstream.transports import HTTPTransport  # noqa: PLC0415 - built under the changed environment

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with FakeUpstream().running() as upstream:
        transport = HTTPTransport(base_url=upstream.url, timeout_seconds=5, max_bytes=4096, user_agent="test")
        try:
            answer = await transport.send("GET", "/models", headers={})
        finally:
            await transport.close()
    assert answer.status == 200
