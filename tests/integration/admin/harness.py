"""A backend whose keys, tenants and profiles are in memory or in SQLite, and operators who talk to it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from limi.access import memory_stores
from limi.adapters.configuration import load_settings
from limi.app import create_app
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.kernel.ids import RandomIds
from limi.testing import FakeUpstream, ManualClock, serving
from limi.testing.backend import ADMIN_KEY, known_keys
from limi.webhooks import KeptDeliveries
from tests.architecture.log_watch import WATCH

__all__ = ["ADMIN", "Answer", "Office", "open_office"]

ADMIN = "/api/admin"
Answer = httpx.Response


@dataclass
class Office:
    """A running backend, and whoever asks it."""

    client: httpx.AsyncClient
    clock: ManualClock
    upstream: FakeUpstream
    made: int = 0

    def wait(self, seconds: float) -> None:
        """Let time pass, here and upstream."""
        self.clock.advance(seconds)
        self.upstream.now = int(self.clock.now())

    async def ask(self, method: str, path: str, body: Any = None, *, key: str = ADMIN_KEY, **query: Any) -> Answer:
        """Send one request below `/api/admin` with a key, the operator's unless another is given."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        more = {} if body is None else {"json": body}
        return await self.client.request(method, f"{ADMIN}{path}", headers=headers, params=query, **more)

    async def new_tenant(self, **members: Any) -> str:
        """Make a tenant of a name that no other test uses."""
        self.made += 1
        tenant = f"tenant-{self.made}"
        answer = await self.ask("POST", "/tenants", {"id": tenant, **members})
        assert answer.status_code == 201, answer.text
        return tenant

    async def new_key(self, *scopes: str, key: str = ADMIN_KEY, **members: Any) -> tuple[str, str]:
        """Make a key, and return its id and its token."""
        wish = {"name": "a test's", "scopes": scopes or ["mint"], **members}
        answer = await self.ask("POST", "/keys", wish, key=key)
        assert answer.status_code == 201, answer.text
        WATCH.register(answer.json()["secret"])
        return answer.json()["key"]["id"], answer.json()["secret"]

    async def mint(self, token: str, body: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        """Ask for an ephemeral key."""
        credential = {"authorization": f"Bearer {token}"} if token else {}
        return await self.client.post("/api/client-secret", json=body or {}, headers={**credential, **headers})


def _in_memory(clock: ManualClock) -> dict[str, Any]:
    """Return stores in memory that hold together as a database's tables do."""
    stores = memory_stores(clock=clock)
    assert isinstance(stores.endpoints, InMemoryEndpointStore)
    deliveries = InMemoryDeliveryStore(endpoints=stores.endpoints)
    return {
        "store": InMemoryJournalStore(deliver=deliveries.deliver),
        "stores": stores,
        "deliveries": KeptDeliveries(store=deliveries, close=lambda: None),
    }


@asynccontextmanager
async def open_office(folder: Path | None) -> AsyncIterator[Office]:
    """Run a backend before a fake upstream; its database is in `folder`, without one in memory."""
    clock, upstream = ManualClock(), FakeUpstream()
    async with upstream.running():
        environ = {"LIMI_UPSTREAM_URL": upstream.url, "OPENAI_API_KEY": "sk-test-main-key"}
        if folder is not None:
            environ["LIMI_DATABASE_URL"] = f"sqlite:///{folder}/limi.db"
        app = create_app(
            load_settings(environ),
            keys=known_keys(),
            clock=clock,
            ids=RandomIds(),
            **({} if folder else _in_memory(clock)),
        )
        async with (
            serving(app.asgi) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client,
        ):
            yield Office(client, clock, upstream)
