"""Webhooks over memory with their clock, journal and receivers in the test's hand: days pass in milliseconds."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from limi.features.revision.memory import StillRevision
from limi.features.webhooks.addresses import AddressKind
from limi.features.webhooks.courier import Courier
from limi.features.webhooks.dispatcher import Dispatcher
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.features.webhooks.model import (
    DeliveryQuery,
    DeliveryState,
    DeliverySummary,
    Endpoint,
    EndpointId,
    NewEndpoint,
)
from limi.features.webhooks.ports import Answer, DeliveryStore, SendFailure
from limi.features.webhooks.schedule import Schedule
from limi.features.webhooks.service import WebhookService
from limi.features.webhooks.signing import SecretVault, Signer
from limi.features.webhooks.subscriptions import Subscriptions
from limi.kernel.changes import Changes
from limi.kernel.facts import Fact, KeyMinted, Origin
from limi.kernel.ids import sortable_id
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import SYSTEM
from limi.kernel.webhook_settings import WebhookSettings
from limi.testing import CountingIds, VirtualClock

__all__ = ["FAILED", "OK", "ORIGIN", "Call", "FakeSender", "MailRoom", "url_of"]

ORIGIN = Origin(request_id="req-1", caller="system")
OK = Answer(status=200)
FAILED = Answer(failure=SendFailure.CONNECTION_FAILED)

Behaviour = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, and when it was made."""

    at: float
    url: str
    headers: Mapping[str, str]
    body: Any


class FakeSender:
    """Answers for every receiver as told, well unless told otherwise."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.calls: list[Call] = []
        self.answers: dict[str, Answer | Behaviour] = {}
        self.in_flight = 0
        self.closed = False

    async def send(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        self.calls.append(Call(self._clock.now(), url, dict(headers), msgspec.json.decode(body)))
        answer = self.answers.get(url, OK)
        if isinstance(answer, Answer):
            return answer
        self.in_flight += 1
        try:
            return await answer()
        finally:
            self.in_flight -= 1

    async def close(self) -> None:
        self.closed = True

    def to(self, endpoint: Endpoint) -> list[Call]:
        return [call for call in self.calls if call.url == endpoint.url]

    def slow(self, seconds: float, answer: Answer = OK) -> Behaviour:
        """Return the behaviour of a receiver that takes its time."""

        async def wait() -> Answer:
            await self._clock.sleep(seconds)
            return answer

        return wait


@dataclass
class Counter:
    """Counts attempts."""

    outcomes: list[str] = field(default_factory=list)

    def webhook_attempted(self, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.outcomes.append(outcome)


class KnownTenants:
    """Has the tenants that end up in tests."""

    async def exists(self, tenant_id: str) -> bool:
        return tenant_id in {"acme", "other"}


class MailRoom:
    """Everything that webhooks are made of."""

    def __init__(self, settings: WebhookSettings | None = None) -> None:
        self.settings = settings or WebhookSettings(jitter=0.0, poll_seconds=60.0)
        self.clock = VirtualClock()
        self.ids = CountingIds()
        self.endpoints = InMemoryEndpointStore()
        self.deliveries = InMemoryDeliveryStore(endpoints=self.endpoints)
        self.subscriptions = Subscriptions(store=self.endpoints, sleep=self.clock.sleep)
        self.sender = FakeSender(self.clock)
        self.counter = Counter()
        self.facts: list[Fact] = []
        self.broken_journal = False
        self.woken: Callable[[], None] = _nobody
        self.vault = SecretVault(key=bytes(32), ids=self.ids)
        self.service = WebhookService(
            endpoints=self.endpoints,
            deliveries=self.deliveries,
            tenants=KnownTenants(),
            changes=Changes(journal=self, revision=StillRevision(), clock=self.clock, ids=self.ids),
            journal=self,
            changed=self.subscriptions.refresh,
            vault=self.vault,
            kinds=frozenset({AddressKind.PUBLIC, AddressKind.LOOPBACK}),
            max_per_tenant=self.settings.max_endpoints_per_tenant,
            clock=self.clock,
            ids=self.ids,
        )

    def record(self, *facts: Fact) -> Awaitable[None]:
        """Be the journal, durable at once, with its outbox."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.broken_journal:
            durable.set_exception(JournalUnavailableError("the disk is full"))
            durable.exception()
            return durable
        self.facts += facts
        for fact in facts:
            for endpoint in self.subscriptions.wanted(fact):
                self.deliveries.deliver(fact, endpoint)
        self.woken()
        durable.set_result(None)
        return durable

    def dispatcher(
        self, *, deliveries: DeliveryStore | None = None, worker: str = "one", **given: Any
    ) -> Dispatcher:
        """Return a dispatcher of the settings."""
        courier = Courier(
            find=self.subscriptions.find,
            sender=self.sender,
            signer=Signer(vault=self.vault),
            schedule=Schedule(delays=self.settings.schedule, jitter=self.settings.jitter),
            observer=self.counter,
            clock=self.clock,
            ids=self.ids,
        )
        options: dict[str, Any] = {
            "lease_seconds": self.settings.timeout_seconds + 15,
            "max_in_flight": self.settings.max_in_flight,
            "per_endpoint": self.settings.per_endpoint,
            "disable_after_seconds": self.settings.disable_after_days * 86_400,
            "poll_seconds": self.settings.poll_seconds,
            **given,
        }
        made = Dispatcher(
            deliveries=deliveries or self.deliveries,
            courier=courier,
            give_up=self.service.give_up,
            worker=worker,
            clock=self.clock,
            sleep=self.clock.sleep,
            **options,
        )
        self.woken = made.wake
        return made

    async def endpoint(self, name: str = "a", **members: Any) -> Endpoint:
        """Make an endpoint, whose URL is of its name."""
        new = NewEndpoint(url=url_of(name), **members)
        return (await self.service.create(new, by=SYSTEM, origin=ORIGIN)).endpoint

    def mint(self, session_id: str = "s1", tenant: str | None = None) -> Fact:
        """Record that a key was handed out."""
        now = self.clock.now()
        fact = KeyMinted(
            id=sortable_id(self.ids, now),
            at=now,
            origin=msgspec.structs.replace(ORIGIN, tenant=tenant),
            session_id=session_id,
            model="gpt-realtime",
            expires_at=int(now) + 600,
        )
        self.record(fact)
        return fact

    async def listed(self) -> list[DeliverySummary]:
        """Return the deliveries to every endpoint, of each the newest first."""
        there = await self.endpoints.list(tenant=None, after=None, limit=1000)
        queries = [DeliveryQuery(endpoint=endpoint.id) for endpoint in there]
        pages = [await self.deliveries.deliveries(query, before=None, limit=100_000) for query in queries]
        return [delivery for page in pages for delivery in page]

    async def states(self) -> set[DeliveryState]:
        return {each.state for each in await self.listed()}

    async def current(self, endpoint_id: EndpointId) -> Endpoint:
        return await self.service.get(endpoint_id, by=SYSTEM)


def _nobody() -> None:
    """Wake nobody."""


def url_of(name: str) -> str:
    return f"https://{name}.example/hook"
