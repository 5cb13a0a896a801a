"""The parts list of webhooks: for the server, and for commands that work on its database."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from limi import __version__
from limi.adapters.key_files import KeyFiles
from limi.adapters.sql.access_database import AccessDatabase
from limi.adapters.sql.delivery_store import SQLDeliveryStore
from limi.adapters.sql.engine import open_engine
from limi.adapters.telemetry.metrics import Metrics
from limi.adapters.webhooks.network import PinnedConnector, ThreadResolver
from limi.adapters.webhooks.sender import WebhookSender
from limi.features.webhooks.courier import Courier
from limi.features.webhooks.dispatcher import Dispatcher
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.features.webhooks.ports import DeliveryStore, EndpointStore, KnownTenants, Sender
from limi.features.webhooks.retention import DeliveryRetention
from limi.features.webhooks.rules import allowed_kinds
from limi.features.webhooks.schedule import Schedule
from limi.features.webhooks.service import WebhookService
from limi.features.webhooks.signing import SecretVault, Signer
from limi.features.webhooks.subscriptions import Subscriptions
from limi.kernel.changes import Changes
from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.kernel.journal import Journal
from limi.kernel.keys import KeyLabel, derive_key
from limi.kernel.revision import Revision
from limi.kernel.settings import Settings

if TYPE_CHECKING:
    from limi.access import Access  # It imports this module for the sake of commands.

__all__ = [
    "KeptDeliveries",
    "Webhooks",
    "make_webhook_service",
    "make_webhooks",
    "memory_deliveries",
    "sql_deliveries",
]

_BUSY_SECONDS: Final = 2.0
"""How long a claim waits for another writer's lock; the journal holds it for milliseconds."""
_LEASE_MARGIN_SECONDS: Final = 15.0
"""What a lease lasts beyond the longest attempt: time to settle even where the database is slow, lest another
process makes the attempt again. As long is waited, after a crash, for what the crashed process was at."""
_DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDeliveries:
    """Where deliveries are kept."""

    store: DeliveryStore
    close: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """The server's part that tells other systems what happens."""

    service: WebhookService
    subscriptions: Subscriptions
    dispatcher: Dispatcher
    retention: DeliveryRetention
    sender: Sender
    revision: Revision
    deliveries: KeptDeliveries
    delivers: bool
    """Whether anything is delivered; otherwise endpoints can be managed and that is all."""

    async def start(self) -> None:
        """Learn who wants what, and begin to deliver."""
        await self.subscriptions.start(revision=self.revision)
        if self.delivers:
            self.subscriptions.subscribe(self.dispatcher.wake)
            await self.dispatcher.start()
            await self.retention.start()

    async def stop(self) -> None:
        """Finish what is under way, and let go. Who wants what stays known until the journal's end."""
        await self.dispatcher.stop()
        await self.retention.stop()
        await self.subscriptions.stop()
        await self.sender.close()
        self.deliveries.close()


def sql_deliveries(settings: Settings) -> KeptDeliveries:
    """Return deliveries in the database of `settings`, whose tables must be there.

    Raises:
        DatabaseError: the database cannot be used.
    """
    database = AccessDatabase(
        engine=open_engine(settings.database.url, busy_seconds=_BUSY_SECONDS, synced=False),
        timeout_seconds=settings.access.stale_seconds,
        thread_name="limi-webhooks",
    )
    return KeptDeliveries(store=SQLDeliveryStore(database=database), close=database.close)


def memory_deliveries(endpoints: EndpointStore) -> KeptDeliveries:
    """Return deliveries that nothing outlives; a journal in memory fills them where it is told to."""
    # Deliveries in memory look at their endpoints at once, which a store that waits for a database cannot offer.
    there = endpoints if isinstance(endpoints, InMemoryEndpointStore) else InMemoryEndpointStore()
    return KeptDeliveries(store=InMemoryDeliveryStore(endpoints=there), close=lambda: None)


def make_webhook_service(
    settings: Settings,
    *,
    root: KeyFiles,
    endpoints: EndpointStore,
    deliveries: DeliveryStore,
    subscriptions: Subscriptions,
    tenants: KnownTenants,
    journal: Journal,
    revision: Revision,
    clock: Clock,
    ids: Ids,
) -> WebhookService:
    """Put together what makes and changes endpoints."""
    chosen = settings.webhooks
    return WebhookService(
        endpoints=endpoints,
        deliveries=deliveries,
        tenants=tenants,
        changes=Changes(journal=journal, revision=revision, clock=clock, ids=ids),
        journal=journal,
        changed=subscriptions.refresh,
        vault=_vault(root, ids),
        kinds=allowed_kinds(development=settings.development, private=chosen.allow_private_addresses),
        max_per_tenant=chosen.max_endpoints_per_tenant,
        clock=clock,
        ids=ids,
    )


def make_webhooks(
    settings: Settings,
    *,
    root: KeyFiles,
    access: "Access",
    deliveries: KeptDeliveries,
    subscriptions: Subscriptions,
    journal: Journal,
    metrics: Metrics,
    clock: Clock,
    ids: Ids,
) -> Webhooks:
    """Put the server's part together; nothing runs before it is started.

    Args:
        settings: all of them.
        root: the server's own keys.
        access: has the endpoints' store, the tenants, and the watch for changes.
        deliveries: where deliveries are kept.
        subscriptions: the journal's outbox.
        journal: where changes are recorded.
        metrics: count attempts, and tell what waits.
        clock: time.
        ids: randomness.
    """
    chosen = settings.webhooks
    service = make_webhook_service(
        settings,
        root=root,
        endpoints=access.stores.endpoints,
        deliveries=deliveries.store,
        subscriptions=subscriptions,
        tenants=access.services.tenants,
        journal=journal,
        revision=access.watch,
        clock=clock,
        ids=ids,
    )
    sender = _http_sender(settings, clock)
    signer = Signer(vault=_vault(root, ids))
    schedule = Schedule(delays=chosen.schedule, jitter=chosen.jitter)
    find = subscriptions.find
    courier = Courier(
        find=find, sender=sender, signer=signer, schedule=schedule, observer=metrics, clock=clock, ids=ids
    )
    dispatcher = _make_dispatcher(settings, deliveries.store, courier, service, clock, ids)
    _watch(metrics, dispatcher, clock)
    return Webhooks(
        service=service,
        subscriptions=subscriptions,
        dispatcher=dispatcher,
        retention=DeliveryRetention(
            deliveries=deliveries.store, keep_seconds=chosen.keep_days * _DAY_SECONDS, clock=clock
        ),
        sender=sender,
        revision=access.watch,
        deliveries=deliveries,
        delivers=chosen.enabled,
    )


def _make_dispatcher(
    settings: Settings,
    deliveries: DeliveryStore,
    courier: Courier,
    service: WebhookService,
    clock: Clock,
    ids: Ids,
) -> Dispatcher:
    chosen = settings.webhooks
    return Dispatcher(
        deliveries=deliveries,
        courier=courier,
        give_up=service.give_up,
        worker=ids.hex(16),
        lease_seconds=chosen.timeout_seconds + _LEASE_MARGIN_SECONDS,
        max_in_flight=chosen.max_in_flight,
        per_endpoint=chosen.per_endpoint,
        disable_after_seconds=chosen.disable_after_days * _DAY_SECONDS,
        poll_seconds=chosen.poll_seconds,
        clock=clock,
    )


def _watch(metrics: Metrics, dispatcher: Dispatcher, clock: Clock) -> None:
    """Have `metrics` tell what waits, as it was last counted."""

    def pending() -> int:
        return dispatcher.backlog.pending if dispatcher.backlog else 0

    def lateness() -> float:
        oldest = dispatcher.backlog.oldest_due if dispatcher.backlog else None
        return 0.0 if oldest is None else max(0.0, clock.now() - oldest)

    metrics.gauge("limi_webhook_pending", "Deliveries that wait for an attempt.", pending)
    metrics.gauge("limi_webhook_oldest_due_seconds", "For how long the oldest of them has been due.", lateness)
    metrics.gauge("limi_webhook_in_flight", "Attempts under way now.", lambda: dispatcher.in_flight)


def _http_sender(settings: Settings, clock: Clock) -> WebhookSender:
    chosen = settings.webhooks
    return WebhookSender(
        resolver=ThreadResolver(),
        connector=PinnedConnector(proxy=chosen.proxy),
        kinds=allowed_kinds(development=settings.development, private=chosen.allow_private_addresses),
        timeout_seconds=chosen.timeout_seconds,
        user_agent=f"Limi-AI-Backend/{__version__}",
        now=clock.now,
    )


def _vault(root: KeyFiles, ids: Ids) -> SecretVault:
    return SecretVault(key=derive_key(root.root, KeyLabel.WEBHOOK), ids=ids)
