"""A backend on a real socket with its clock, journal and upstream at hand, and a client that talks to it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from limi.features.journal.model import JournalEntry, Selection
from limi.features.journal.ports import JournalStore
from limi.kernel.errors import CATALOGUE
from limi.testing import Backend, FakeUpstream, ManualClock, Reply, running_backend
from tests.architecture.log_watch import WATCH

__all__ = ["MINT", "OpenSite", "Site", "assert_error", "open_site"]

MINT = "/api/client-secret"

_PAST_SECONDS = 7300
"""Longer than any key lives."""


@dataclass
class Site:
    """A running backend and what surrounds it."""

    backend: Backend
    clock: ManualClock
    upstream: FakeUpstream
    client: httpx.AsyncClient
    began: float = 0.0
    """When the test began, by the backend's clock."""

    @property
    def url(self) -> str:
        return self.backend.url

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    @property
    def admin(self) -> dict[str, str]:
        """The header with which the operator comes."""
        return {"authorization": f"Bearer {self.backend.admin_key}"}

    async def mint(self, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask for a key; a body that is not bytes is sent as JSON, None sends none."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = httpx.Headers(headers)
        if content:
            given.setdefault("content-type", "application/json")
        return await self.client.post(MINT, content=content, headers=given)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    def next_test(self) -> None:
        """Let all that the last test did here be past: limits, keys, repeats; and upstream behave again."""
        self.clock.advance(_PAST_SECONDS)
        self.upstream.now = int(self.clock.now())
        self.upstream.always, self.upstream.gate = Reply(), None
        self.upstream.queued.clear()
        self.upstream.asked.clear()
        self.began = self.clock.now()

    async def entries(self) -> list[JournalEntry]:
        """Return this test's rows of the journal, once all that is queued is in it."""
        assert (await self.get(f"{MINT}/stats", self.admin)).status_code == 200
        rows = self.backend.store.entries(after=0, limit=10_000, selection=Selection())
        return [row for row in rows if row.at >= self.began]


class OpenSite(Protocol):
    async def __call__(
        self, *, sandbox: bool = False, environ: dict[str, str] | None = None, store: JournalStore | None = None
    ) -> Site: ...


@asynccontextmanager
async def open_site(
    *,
    sandbox: bool = False,
    environ: dict[str, str] | None = None,
    store: JournalStore | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[Site]:
    """Run a backend before a fake upstream, or with the sandbox inside."""
    clock = clock or ManualClock()
    upstream = FakeUpstream()
    hooks: dict[str, list[Any]] = {"request": [_register_request], "response": [_register_response]}
    async with AsyncExitStack() as stack:
        if not sandbox:
            await stack.enter_async_context(upstream.running())
        backend = await stack.enter_async_context(
            running_backend(upstream_url=upstream.url or None, environ=environ, clock=clock, store=store)
        )
        client = httpx.AsyncClient(base_url=backend.url, trust_env=False, event_hooks=hooks, timeout=30)
        yield Site(backend, clock, upstream, await stack.enter_async_context(client))


def assert_error(response: httpx.Response, code: str, status: int | None = None) -> Any:
    """Check that an error is what the catalogue says of its code, in the one shape; return its body."""
    entry, body = CATALOGUE[code], response.json()
    assert (response.status_code, body.get("code")) == (status or entry.status, code), body
    assert set(body) <= {"error", "message", "code", "requestId", "reference", "action", "retryAfter"}
    assert body["error"] == entry.title
    assert body["requestId"] == response.headers["x-request-id"]
    assert body["reference"].endswith(f"/errors/{code}")
    assert body.get("action") == entry.action
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert ("retryAfter" in body) == ("retry-after" in response.headers)
    return body


async def _register_request(request: httpx.Request) -> None:
    for name in ("authorization", "idempotency-key"):
        WATCH.register(*(value.removeprefix("Bearer ") for value in request.headers.get_list(name)))


async def _register_response(response: httpx.Response) -> None:
    if response.request.url.path == MINT and response.status_code == 200:
        await response.aread()
        WATCH.register(response.json()["ephemeralKey"])
