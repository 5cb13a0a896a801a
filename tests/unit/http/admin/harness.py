"""The operators' routes over services in memory, asked as ASGI."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import msgspec

from limi.access import make_access, memory_stores
from limi.adapters.configuration import load_settings
from limi.features.analytics.usage import UsageService
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.reader import JournalReader
from limi.features.revision.memory import StillRevision
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.features.webhooks.subscriptions import Subscriptions
from limi.http.admin.desk import FrontDesk
from limi.http.admin.routes import AdminRoutes
from limi.http.authentication import Authenticator
from limi.http.errors import Refusal, as_refusal
from limi.http.inputs import InputReader
from limi.http.routes import make_routes
from limi.kernel.facts import Fact
from limi.kernel.secret import Secret
from limi.testing import CountingIds, ManualClock
from limi.testing.backend import ADMIN_KEY, known_keys
from limi.webhooks import make_webhook_service
from tests.unit.features.analytics.harness import memory_store
from tests.unit.http.harness import Answer, call, make_context, make_scope

__all__ = ["Desk", "make_desk"]


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


class Desk:
    """Operators' routes, and the journal that they write to."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        endpoints = InMemoryEndpointStore()
        self.deliveries = InMemoryDeliveryStore(endpoints=endpoints)
        self.subscriptions = Subscriptions(store=endpoints)
        self.store = InMemoryJournalStore(deliver=self.deliveries.deliver)
        settings, ids = load_settings({}), CountingIds()
        self.rollups = memory_store(self.store)
        access = make_access(
            settings,
            root=known_keys(),
            stores=memory_stores(clock=self.clock),
            journal=self,
            models=ModelCatalogue(settings=settings.models, clock=self.clock),
            signal=None,
            clock=self.clock,
            ids=ids,
        )
        authenticator = Authenticator(
            admin_key=Secret(ADMIN_KEY),
            allow_anonymous=True,
            keys=access.ring,
            tenants=access.services.tenants,
        )
        webhooks = make_webhook_service(
            load_settings({"LIMI_WEBHOOKS_MAX_ENDPOINTS_PER_TENANT": "3"}),
            root=known_keys(),
            endpoints=endpoints,
            deliveries=self.deliveries,
            subscriptions=self.subscriptions,
            tenants=access.services.tenants,
            journal=self,
            revision=StillRevision(),
            clock=self.clock,
            ids=ids,
        )
        self.reader = JournalReader(store=self.store, clock=self.clock)
        self.routes = AdminRoutes(
            keys=access.services.keys,
            tenants=access.services.tenants,
            profiles=access.services.profiles,
            webhooks=webhooks,
            usage=UsageService(store=self.rollups, settings=settings.analytics, clock=self.clock),
            reader=self.reader,
            flush_journal=self.flush,
            desk=make_desk(authenticator),
            clock=self.clock,
        )
        self._app = make_routes(handlers=self.routes.handlers(), lifespan=_nothing)

    def record(self, *facts: Fact) -> Awaitable[None]:
        """Keep facts at once, with what is to be delivered of them; nobody delivers it."""
        wanted = [(fact.id, endpoint) for fact in facts for endpoint in self.subscriptions.wanted(fact)]
        self.store.append(facts, writer="w", deliveries=wanted)
        return asyncio.sleep(0)

    async def flush(self) -> None:
        """Everything is kept already."""

    async def ask(self, method: str, path: str, body: Any = None, *, key: str = ADMIN_KEY, **query: Any) -> Answer:
        """Return the answer to one request."""
        headers = [(b"content-type", b"application/json")] if body is not None else []
        if key:
            headers.append((b"authorization", f"Bearer {key}".encode()))
        scope = make_scope(method, f"/api/admin{path}", *headers, context=make_context(user_agent="curl/8"))
        scope["query_string"] = urlencode(query).encode()
        return await call(self._app, scope, body=b"" if body is None else msgspec.json.encode(body))

    async def refused(self, method: str, path: str, body: Any = None, **query: Any) -> Refusal:
        """Return with what one request is refused."""
        try:
            answer = await self.ask(method, path, body, **query)
        except Exception as exc:  # noqa: BLE001 - the envelope turns whatever it is into this
            return as_refusal(exc)
        raise AssertionError(answer)


def make_desk(authenticator: Authenticator, *, keep_user_agent: bool = True) -> FrontDesk:
    reader = InputReader(max_body_bytes=65_536, body_seconds=5)
    return FrontDesk(authenticator=authenticator, reader=reader, keep_user_agent=keep_user_agent)
