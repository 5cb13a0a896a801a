"""The parts list of keys, tenants and profiles: for the server, and for commands that work on its database."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from limi.adapters.key_files import KeyFiles
from limi.adapters.sql.access_database import AccessDatabase, SQLRevisionStore
from limi.adapters.sql.api_key_store import SQLApiKeyStore
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.adapters.sql.profile_store import SQLProfileStore
from limi.adapters.sql.schema import upgrade
from limi.adapters.sql.tenant_store import SQLTenantStore
from limi.adapters.sql.webhook_store import SQLEndpointStore
from limi.audit import make_journal
from limi.features.api_keys.key_ring import KeyRing
from limi.features.api_keys.memory import InMemoryApiKeyStore
from limi.features.api_keys.ports import ApiKeyStore
from limi.features.api_keys.service import ApiKeyService
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.client_secrets.session_config import check_profile
from limi.features.journal.reader import JournalReader
from limi.features.profiles.memory import InMemoryProfileStore
from limi.features.profiles.ports import ProfileStore
from limi.features.profiles.service import ProfileService
from limi.features.revision.memory import InMemoryRevisionStore, NullRevisionSignal, StillRevision
from limi.features.revision.ports import RevisionSignal, RevisionStore
from limi.features.revision.service import RevisionWatch
from limi.features.tenants.memory import InMemoryTenantStore
from limi.features.tenants.ports import TenantStore
from limi.features.tenants.service import TenantService
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.ports import EndpointStore
from limi.features.webhooks.service import WebhookService
from limi.features.webhooks.subscriptions import Subscriptions
from limi.kernel.changes import Changes
from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.kernel.journal import Journal
from limi.kernel.keys import KeyLabel, derive_key
from limi.kernel.revision import Revision
from limi.kernel.settings import Profile, Settings, SettingsError
from limi.webhooks import make_webhook_service, sql_deliveries

__all__ = [
    "Access",
    "AccessForCommands",
    "AccessServices",
    "AccessStores",
    "make_access",
    "memory_stores",
    "open_access",
    "sql_stores",
]

_BUSY_SECONDS: Final = 2.0
"""How long a change waits for another writer's lock; the journal holds it for milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessStores:
    """Where keys, tenants, profiles and webhook endpoints are kept."""

    keys: ApiKeyStore
    tenants: TenantStore
    profiles: ProfileStore
    endpoints: EndpointStore
    revision: RevisionStore
    close: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessServices:
    """What changes keys, tenants and profiles, and looks them up."""

    keys: ApiKeyService
    tenants: TenantService
    profiles: ProfileService


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The server's part that decides who may do what."""

    services: AccessServices
    ring: KeyRing
    watch: RevisionWatch
    stores: AccessStores

    async def start(self) -> None:
        """Begin to notice changes, and to note the use of keys."""
        await self.watch.start()
        await self.ring.start()

    async def stop(self) -> None:
        """Note what is left to note, and let go of the stores."""
        await self.watch.stop()
        await self.ring.stop()
        self.stores.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessForCommands(AccessServices):
    """The services as a command uses them, and the journal they write to."""

    webhooks: WebhookService
    reader: JournalReader


def sql_stores(settings: Settings) -> AccessStores:
    """Return stores in the database of `settings`, whose tables must be there.

    Raises:
        DatabaseError: the database cannot be used.
    """
    database = AccessDatabase(
        engine=open_engine(settings.database.url, busy_seconds=_BUSY_SECONDS),
        timeout_seconds=settings.access.stale_seconds,
    )
    return AccessStores(
        keys=SQLApiKeyStore(database=database),
        tenants=SQLTenantStore(database=database),
        profiles=SQLProfileStore(database=database),
        endpoints=SQLEndpointStore(database=database),
        revision=SQLRevisionStore(database=database),
        close=database.close,
    )


def memory_stores(*, clock: Clock) -> AccessStores:
    """Return stores that nothing outlives, which hold together as those of a database do."""
    revision = InMemoryRevisionStore()
    keys, profiles = InMemoryApiKeyStore(moved=revision.move), InMemoryProfileStore(moved=revision.move)
    endpoints = InMemoryEndpointStore(moved=revision.move)

    def clear(tenant: str) -> None:
        keys.revoke_all(tenant, clock.now())
        profiles.drop_all(tenant)
        endpoints.drop_all(tenant)

    tenants = InMemoryTenantStore(moved=revision.move, on_delete=clear)
    return AccessStores(
        keys=keys,
        tenants=tenants,
        profiles=profiles,
        endpoints=endpoints,
        revision=revision,
        close=lambda: None,
    )


def make_access(
    settings: Settings,
    *,
    root: KeyFiles,
    stores: AccessStores,
    journal: Journal,
    models: ModelCatalogue,
    signal: RevisionSignal | None,
    clock: Clock,
    ids: Ids,
) -> Access:
    """Put the server's part together; nothing runs before it is started.

    Args:
        settings: all of them.
        root: the server's own keys.
        stores: where keys, tenants and profiles are kept.
        journal: where changes are recorded.
        models: knows the models that profiles may name.
        signal: wakes other processes; None where there are none, or where they look by themselves.
        clock: time.
        ids: randomness.

    Raises:
        SettingsError: a profile of the configuration describes a session that upstream would refuse.
    """
    for name, profile in settings.profiles.items():
        check_profile(profile, place=f"profiles.{name}")
    chosen = settings.access
    watch = RevisionWatch(
        store=stores.revision,
        signal=signal or NullRevisionSignal(),
        clock=clock,
        poll_seconds=chosen.revision_poll_ms / 1000,
        stale_seconds=chosen.stale_seconds,
    )
    ring = KeyRing(
        store=stores.keys,
        revision=watch,
        hash_key=derive_key(root.root, KeyLabel.API_KEY_HASH),
        clock=clock,
        max_cached=chosen.cache_entries,
    )
    services = _make_services(settings, root, stores, journal, models, watch, clock, ids)
    return Access(services=services, ring=ring, watch=watch, stores=stores)


@asynccontextmanager
async def open_access(
    settings: Settings, root: KeyFiles, *, clock: Clock, ids: Ids
) -> AsyncIterator[AccessForCommands]:
    """Give the services on the database of `settings`, which is made and migrated where that is needed.

    Running servers notice what is changed when they look the next time, and deliver what is told of it.

    Raises:
        SettingsError: settings do not fit.
        DatabaseError: the database cannot be used.
    """
    url = settings.database.url
    upgrade(url)
    kept = SQLJournalStore(engine=open_engine(url, busy_seconds=settings.journal.write_seconds / 2))
    stores = sql_stores(settings)
    models = ModelCatalogue(settings=settings.models, clock=clock)
    deliveries = sql_deliveries(settings)
    subscriptions = Subscriptions(store=stores.endpoints)
    outbox = subscriptions if settings.webhooks.enabled else None
    journal = make_journal(settings, root=root.root, store=kept, clock=clock, ids=ids, outbox=outbox)
    async with AsyncExitStack() as stack:
        stack.callback(kept.close)
        stack.callback(stores.close)
        stack.callback(deliveries.close)
        await subscriptions.refresh()
        await journal.start()
        stack.push_async_callback(journal.stop)
        revision = StillRevision()
        services = _make_services(settings, root, stores, journal, models, revision, clock, ids)
        webhooks = make_webhook_service(
            settings,
            root=root,
            endpoints=stores.endpoints,
            deliveries=deliveries.store,
            subscriptions=subscriptions,
            tenants=services.tenants,
            journal=journal,
            revision=revision,
            clock=clock,
            ids=ids,
        )
        reader = JournalReader(store=kept, clock=clock, hidden_tenants=services.tenants.unlisted)
        await reader.start()
        stack.push_async_callback(reader.stop)
        yield AccessForCommands(
            keys=services.keys,
            tenants=services.tenants,
            profiles=services.profiles,
            webhooks=webhooks,
            reader=reader,
        )


def _make_services(
    settings: Settings,
    root: KeyFiles,
    stores: AccessStores,
    journal: Journal,
    models: ModelCatalogue,
    revision: Revision,
    clock: Clock,
    ids: Ids,
) -> AccessServices:
    changes = Changes(journal=journal, revision=revision, clock=clock, ids=ids)
    most = settings.access.cache_entries
    tenants = TenantService(store=stores.tenants, changes=changes, revision=revision, clock=clock, max_cached=most)
    return AccessServices(
        tenants=tenants,
        keys=ApiKeyService(
            store=stores.keys,
            tenants=tenants,
            changes=changes,
            hash_key=derive_key(root.root, KeyLabel.API_KEY_HASH),
            tokens_per_minute=settings.limits.tokens_per_minute,
            clock=clock,
            ids=ids,
        ),
        profiles=ProfileService(
            store=stores.profiles,
            tenants=tenants,
            configured=settings.profiles,
            rules=_rules(models),
            changes=changes,
            revision=revision,
            clock=clock,
            max_cached=most,
        ),
    )


def _rules(models: ModelCatalogue) -> Callable[[Profile], None]:
    def check(profile: Profile) -> None:
        check_profile(profile, place="")
        if profile.model is not None and profile.model not in models.names:
            raise SettingsError(f"model: must be one of {', '.join(models.names)}")

    return check
