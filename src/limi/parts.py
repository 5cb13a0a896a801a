"""The parts list below the routes: settings become adapters and services, with one lifetime for all."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from limi import __version__
from limi.access import Access, AccessStores, make_access, memory_stores, sql_stores
from limi.adapters.key_files import KeyFiles
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.adapters.sql.schema import upgrade
from limi.adapters.telemetry.metrics import Metrics
from limi.adapters.telemetry.totals import MetricsPool
from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.openai import OpenAIUpstream
from limi.adapters.upstream.transports import OPENAI_URL, ASGITransport, Transport
from limi.analytics import (
    Analytics,
    make_analytics,
    memory_analytics_stores,
    sql_analytics_stores,
    watch_analytics,
)
from limi.audit import AuditUpkeep, make_journal, make_upkeep
from limi.features.client_secrets.health import HealthProbe
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.journal.ports import JournalStore
from limi.features.journal.reader import JournalReader
from limi.features.journal.service import JournalWriter
from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.service import RateLimiter
from limi.features.webhooks.subscriptions import Subscriptions
from limi.http.authentication import Authenticator
from limi.http.refusal_audit import RefusalAudit
from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.kernel.secret import Secret
from limi.kernel.settings import Settings, SettingsError
from limi.kernel.start_rules import allows_anonymous
from limi.observability import open_tracing, watch_access, watch_journal, watch_shared
from limi.sandbox.answering.brain import BuiltInBrain
from limi.sandbox.app import Sandbox, create_sandbox
from limi.sandbox.config import SandboxConfig
from limi.sandbox.speech.choice import SpeechLevel
from limi.sandbox_answers import sandbox_answers
from limi.webhooks import KeptDeliveries, Webhooks, make_webhooks, memory_deliveries, sql_deliveries

if TYPE_CHECKING:
    from limi.adapters.oidc.key_source import Fetch
    from limi.adapters.oidc.verifier import OIDCVerifier
    from limi.adapters.redis.shared_state import SharedState
    from limi.adapters.telemetry.tracing import Tracing

__all__ = ["Given", "Parts", "make_parts", "upstream_url"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What lives as long as the application."""

    settings: Settings
    clock: Clock
    ids: Ids
    metrics: Metrics
    tracing: "Tracing | None"
    """Makes traces, where somebody wants them."""
    models: ModelCatalogue
    shared: "SharedState | None"
    """What goes through Redis, where there is one."""
    limiter: RateLimiter
    access: Access
    webhooks: Webhooks
    analytics: Analytics
    tokens: "OIDCVerifier | None"
    """Checks the tokens of an issuer, where one was named."""
    authenticator: Authenticator
    store: JournalStore
    journal: JournalWriter
    upkeep: AuditUpkeep
    refusals: RefusalAudit
    reader: JournalReader
    sandbox: Sandbox | None
    upstream: OpenAIUpstream
    probe: HealthProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a caller brings along; None leaves it to the settings. `limi.app.create_app` says what each is."""

    store: JournalStore | None = None
    stores: AccessStores | None = None
    deliveries: KeptDeliveries | None = None
    transport: Transport | None = None
    fetch: "Fetch | None" = None
    pool: MetricsPool | None = None


def make_parts(settings: Settings, *, keys: KeyFiles, clock: Clock, ids: Ids, given: Given) -> Parts:
    """Make everything; nothing runs before it is started.

    Raises:
        SettingsError: when settings do not fit together.
        DatabaseError: when the database cannot be used.
    """
    # What may refuse the start comes first: then its sentence is all that is said.
    tokens = _open_tokens(settings, clock, given.fetch)
    metrics = Metrics(pool=given.pool)
    models = _make_models(settings, clock)
    shared = _open_shared(settings, clock, ids, metrics)
    store, stores, deliveries = _open_stores(settings, given, clock)
    tracing = open_tracing(settings, ids=ids, metrics=metrics)
    sandbox, upstream = _make_upstream(settings, models, clock, ids, metrics, tracing, given.transport)
    subscriptions = Subscriptions(store=stores.endpoints)
    journal, upkeep = _make_journal(settings, keys, store, subscriptions, metrics, clock, ids)
    access = _make_access(settings, keys, stores, journal, models, shared, metrics, clock, ids)
    reader = JournalReader(store=store, clock=clock, hidden_tenants=access.services.tenants.unlisted)
    webhooks = make_webhooks(
        settings,
        root=keys,
        access=access,
        deliveries=deliveries,
        subscriptions=subscriptions,
        journal=journal,
        metrics=metrics,
        clock=clock,
        ids=ids,
    )
    return Parts(
        settings=settings,
        clock=clock,
        ids=ids,
        metrics=metrics,
        tracing=tracing,
        models=models,
        shared=shared,
        limiter=_make_limiter(settings, shared, clock),
        access=access,
        webhooks=webhooks,
        analytics=_make_analytics(settings, given, reader, metrics, clock, ids),
        tokens=tokens,
        authenticator=_make_authenticator(settings, keys, access, tokens),
        store=store,
        journal=journal,
        upkeep=upkeep,
        refusals=RefusalAudit(journal=journal, clock=clock, ids=ids, keep_user_agent=settings.log.user_agent),
        reader=reader,
        sandbox=sandbox,
        upstream=upstream,
        probe=HealthProbe(upstream=upstream, clock=clock, cache_seconds=settings.upstream.health_cache_seconds),
    )


def upstream_url(settings: Settings) -> str:
    """Return the base URL of whoever makes keys outside of this process."""
    return settings.upstream.url or OPENAI_URL


def _make_models(settings: Settings, clock: Clock) -> ModelCatalogue:
    configured = [profile.model for profile in settings.profiles.values() if profile.model]
    return ModelCatalogue(settings=settings.models, clock=clock, in_use=configured)


def _make_limiter(settings: Settings, shared: "SharedState | None", clock: Clock) -> RateLimiter:
    memory = InMemoryWindowStore(clock=clock, max_keys=settings.limits.max_callers)
    return RateLimiter(settings=settings.limits, store=shared.windows if shared else memory)


def _make_journal(
    settings: Settings,
    keys: KeyFiles,
    store: JournalStore,
    subscriptions: Subscriptions,
    metrics: Metrics,
    clock: Clock,
    ids: Ids,
) -> tuple[JournalWriter, AuditUpkeep]:
    journal = make_journal(
        settings,
        root=keys.root,
        store=store,
        clock=clock,
        ids=ids,
        outbox=subscriptions if settings.webhooks.enabled else None,
        observe=metrics.journal_committed,
    )
    upkeep = make_upkeep(settings, root=keys.root, store=store, clock=clock)
    watch_journal(metrics, journal, upkeep)
    return journal, upkeep


def _make_access(
    settings: Settings,
    keys: KeyFiles,
    stores: AccessStores,
    journal: JournalWriter,
    models: ModelCatalogue,
    shared: "SharedState | None",
    metrics: Metrics,
    clock: Clock,
    ids: Ids,
) -> Access:
    access = make_access(
        settings,
        root=keys,
        stores=stores,
        journal=journal,
        models=models,
        signal=shared.signal if shared else None,
        clock=clock,
        ids=ids,
    )
    watch_access(metrics, access)
    return access


def _make_authenticator(
    settings: Settings, keys: KeyFiles, access: Access, tokens: "OIDCVerifier | None"
) -> Authenticator:
    return Authenticator(
        admin_key=keys.admin_key,
        allow_anonymous=allows_anonymous(settings),
        keys=access.ring,
        tokens=tokens,
        tenants=access.services.tenants,
    )


def _make_analytics(
    settings: Settings, given: Given, reader: JournalReader, metrics: Metrics, clock: Clock, ids: Ids
) -> Analytics:
    # Where a journal was given, its rows are counted in memory.
    counted = sql_analytics_stores(settings) if given.store is None else memory_analytics_stores(reader)
    analytics = make_analytics(settings, stores=counted, observer=metrics, clock=clock, ids=ids)
    watch_analytics(metrics, analytics)
    return analytics


def _make_upstream(
    settings: Settings,
    models: ModelCatalogue,
    clock: Clock,
    ids: Ids,
    metrics: Metrics,
    tracing: "Tracing | None",
    transport: Transport | None,
) -> tuple[Sandbox | None, OpenAIUpstream]:
    """Return who makes keys, and the sandbox where that is inside."""
    limits = settings.upstream
    sandbox: Sandbox | None = None
    if settings.embeds_sandbox:
        # Known to nobody outside this process, so that no client mints at the sandbox past the limits.
        key = Secret(f"sk-sandbox-{ids.hex(32)}")
        # The envelope looks after origins.
        config = SandboxConfig(
            api_key=key,
            models=models.upstream,
            default_model=models.resolve().model,
            any_origin=False,
            speech=SpeechLevel(settings.sandbox.speech),
            speech_dir=Path(settings.sandbox.speech_dir),
        )
        brain = BuiltInBrain(clock=clock, answers=sandbox_answers(settings))
        sandbox = create_sandbox(config, clock=clock, ids=ids, brain=brain)
        sessions = sandbox
        metrics.gauge("limi_sandbox_sessions", "Sessions of the sandbox now.", lambda: sessions.open_sessions)
        transport = transport or ASGITransport(sandbox, base_path="/v1", timeout_seconds=limits.timeout_seconds)
    else:
        key = limits.api_key or Secret("")
        transport = transport or HTTPTransport(
            base_url=upstream_url(settings),
            timeout_seconds=limits.timeout_seconds,
            max_bytes=limits.max_response_bytes,
            user_agent=f"Limi-AI-Backend/{__version__}",
            proxy=limits.proxy,
        )
    if tracing:
        transport = tracing.before(transport, base_url=None if sandbox else upstream_url(settings))
    upstream = OpenAIUpstream(transport=transport, api_key=key, clock=clock, observe=metrics.upstream_answered)
    return sandbox, upstream


def _open_stores(
    settings: Settings, given: Given, clock: Clock
) -> tuple[JournalStore, AccessStores, KeptDeliveries]:
    """Return what was given; of the rest, what fits a journal that was given, or the settings' database."""
    if given.store is not None:
        stores = given.stores or memory_stores(clock=clock)
        return given.store, stores, given.deliveries or memory_deliveries(stores.endpoints)
    store = _open_store(settings)
    return store, given.stores or sql_stores(settings), given.deliveries or sql_deliveries(settings)


def _open_store(settings: Settings) -> JournalStore:
    url = settings.database.url
    upgrade(url)
    # Half of what the writer waits, so that a locked database is an error before it is a time-out.
    return SQLJournalStore(engine=open_engine(url, busy_seconds=settings.journal.write_seconds / 2))


def _open_tokens(settings: Settings, clock: Clock, fetch: "Fetch | None") -> "OIDCVerifier | None":
    if settings.oidc.issuer is None:
        return None
    # Not at the top, as with Redis: only who uses it should wait for its libraries.
    from limi.adapters.oidc.verifier import open_verifier  # noqa: PLC0415

    agent = f"Limi-AI-Backend/{__version__}"
    return open_verifier(settings.oidc, clock=clock, user_agent=agent, fetch=fetch)


def _open_shared(settings: Settings, clock: Clock, ids: Ids, metrics: Metrics) -> "SharedState | None":
    url = settings.redis.url
    if not url:
        return None
    # Not at the top: redis-py takes a tenth of a second, which only those who use it should wait for.
    from limi.adapters.redis.shared_state import open_shared_state  # noqa: PLC0415

    try:
        shared = open_shared_state(settings, url, clock=clock, ids=ids)
    except ValueError:
        raise SettingsError("LIMI_REDIS_URL (redis.url) holds an option that Redis clients do not have.") from None
    watch_shared(metrics, shared)
    return shared
