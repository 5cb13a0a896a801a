"""The parts list: settings become adapters, services, routes, and one application with one lifetime."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

import structlog

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
from limi.audit import AuditUpkeep, make_journal, make_upkeep
from limi.features.client_secrets.health import HealthProbe
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore, Sealer
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.client_secrets.service import MintService
from limi.features.client_secrets.session_config import SessionBodies
from limi.features.journal.ports import JournalStore
from limi.features.journal.reader import JournalReader
from limi.features.journal.service import JournalWriter
from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.ports import WindowStore
from limi.features.rate_limits.service import RateLimiter
from limi.http.addresses import ClientAddresses, Hosts
from limi.http.admin.desk import FrontDesk
from limi.http.admin.routes import AdminRoutes
from limi.http.asgi import ASGIApp
from limi.http.authentication import Authenticator
from limi.http.cors import CORS
from limi.http.envelope import Envelope
from limi.http.inputs import InputReader
from limi.http.mint import MINT_PATH, MintEndpoint
from limi.http.openapi import describe_api
from limi.http.pages import PageRoutes
from limi.http.refusal_audit import RefusalAudit
from limi.http.routes import all_handlers, make_routes
from limi.http.sandbox_gate import SandboxGate
from limi.http.status import StatusRoutes
from limi.http.urls import URLMaker
from limi.http.wrong_credentials import WrongCredentials
from limi.kernel.clock import Clock, SystemClock
from limi.kernel.ids import Ids, RandomIds
from limi.kernel.keys import KeyLabel, derive_key
from limi.kernel.secret import Secret
from limi.kernel.settings import Settings, SettingsError
from limi.kernel.start_rules import allows_anonymous, check_start
from limi.sandbox.app import Sandbox, create_sandbox
from limi.sandbox.brain import BuiltInBrain
from limi.sandbox.config import SandboxConfig
from limi.sandbox.speech.choice import SpeechLevel
from limi.sandbox_answers import sandbox_answers

if TYPE_CHECKING:
    from limi.adapters.oidc.key_source import Fetch
    from limi.adapters.oidc.verifier import OIDCVerifier
    from limi.adapters.redis.shared_state import SharedState

__all__ = ["Application", "create_app"]

_log = structlog.get_logger()

_SANDBOX_PREFIX: Final = "/sandbox"
_MODES: Final = {
    "openai": "Keys come from OpenAI",
    "sandbox": "Keys come from the sandbox inside, not from OpenAI",
}


@dataclass(frozen=True, slots=True)
class Application:
    """The whole backend as one ASGI application, with what its caller may want to say of it."""

    asgi: ASGIApp
    settings: Settings
    upstream_name: str
    """`openai`, `sandbox`, or the host of what stands in for them."""
    models: ModelCatalogue
    metrics: Metrics
    farewell: Callable[[], Awaitable[None]] | None
    """Takes leave of the sandbox's sessions, where it is inside; goes before the server closes their sockets."""
    access: Access
    """Keys, tenants and profiles, for whoever works with them in this process."""
    drain: Callable[[], None]
    """Makes readiness say that requests should go elsewhere."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What lives as long as the application."""

    settings: Settings
    clock: Clock
    ids: Ids
    metrics: Metrics
    models: ModelCatalogue
    shared: "SharedState | None"
    """What goes through Redis, where there is one."""
    limiter: RateLimiter
    access: Access
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


def create_app(
    settings: Settings,
    *,
    keys: KeyFiles,
    clock: Clock | None = None,
    ids: Ids | None = None,
    store: JournalStore | None = None,
    stores: AccessStores | None = None,
    transport: Transport | None = None,
    fetch: "Fetch | None" = None,
    pool: MetricsPool | None = None,
) -> Application:
    """Build the application; nothing runs before its ASGI lifespan begins.

    Args:
        settings: all of them.
        keys: the server's own.
        clock: time; the machine's unless given.
        ids: randomness; the operating system's unless given.
        store: where the journal is kept; unless given, the settings' database, which is migrated here.
        stores: where keys, tenants and profiles are kept; unless given, in memory where the journal was given,
            else in the settings' database.
        transport: how upstream is reached; unless given, by HTTP, or in process where the sandbox is inside.
        fetch: how the documents of the issuer in `[oidc]` are read; unless given, by https.
        pool: the other processes of this server, whose metrics are added to its own.

    Raises:
        SettingsError: when settings do not fit together.
        DatabaseError: when the database cannot be used.
    """
    check_start(settings)
    clock = clock or SystemClock()
    tokens = _open_tokens(settings, clock, fetch)
    parts = _make_parts(settings, keys, clock, ids or RandomIds(), store, stores, transport, tokens, pool)
    server, name = settings.server, _upstream_name(settings)
    status = _make_status(parts, name)
    pages = PageRoutes(
        mode=_MODES.get(name, f"Keys come from {name}"),
        environment=settings.env,
        version=__version__,
        describe=cache(lambda: describe_api(all_handlers(groups), version=__version__)),
        authorize=status.authorize,
    )
    groups = (status, _make_admin(parts), pages)
    framework = make_routes(handlers=all_handlers(groups), lifespan=partial(_running, parts))
    envelope = Envelope(
        framework,
        routes={MINT_PATH: _make_mint(parts, keys)},
        mounts={_SANDBOX_PREFIX: _gated(parts)} if parts.sandbox else {},
        hosts=Hosts(public_url=server.public_url, allowed=server.allowed_hosts),
        addresses=ClientAddresses(server.trusted_proxies),
        cors=CORS(origins=server.cors_origins, allow_localhost=settings.development),
        https=(server.public_url or "").startswith("https:"),
        wrong_credentials=WrongCredentials(limiter=parts.limiter, observer=parts.metrics),
        refusals=parts.refusals,
        ids=parts.ids,
    )
    farewell = parts.sandbox.stop if parts.sandbox else None
    return Application(envelope, settings, name, parts.models, parts.metrics, farewell, parts.access, status.drain)


def _make_parts(
    settings: Settings,
    keys: KeyFiles,
    clock: Clock,
    ids: Ids,
    store: JournalStore | None,
    stores: AccessStores | None,
    transport: Transport | None,
    tokens: "OIDCVerifier | None",
    pool: MetricsPool | None,
) -> _Parts:
    metrics = Metrics(pool=pool)
    configured = [profile.model for profile in settings.profiles.values() if profile.model]
    models = ModelCatalogue(settings=settings.models, clock=clock, in_use=configured)
    shared = _open_shared(settings, clock, ids, metrics)
    memory = InMemoryWindowStore(clock=clock, max_keys=settings.limits.max_callers)
    windows: WindowStore = shared.windows if shared else memory
    stores = stores or (memory_stores(clock=clock) if store else None)
    # First what may refuse the start: then its sentence is all that is said.
    store = store or _open_store(settings)
    sandbox, upstream = _make_upstream(settings, models, clock, ids, metrics, transport)
    journal = make_journal(settings, root=keys.root, store=store, clock=clock, ids=ids)
    upkeep = make_upkeep(settings, root=keys.root, store=store, clock=clock)
    _watch(metrics, journal, upkeep)
    access = make_access(
        settings,
        root=keys,
        stores=stores or sql_stores(settings),
        journal=journal,
        models=models,
        signal=shared.signal if shared else None,
        clock=clock,
        ids=ids,
    )
    return _Parts(
        settings=settings,
        clock=clock,
        ids=ids,
        metrics=metrics,
        models=models,
        shared=shared,
        limiter=RateLimiter(settings=settings.limits, store=windows),
        access=access,
        tokens=tokens,
        authenticator=Authenticator(
            admin_key=keys.admin_key,
            allow_anonymous=allows_anonymous(settings),
            keys=access.ring,
            tokens=tokens,
            tenants=access.services.tenants,
        ),
        store=store,
        journal=journal,
        upkeep=upkeep,
        refusals=RefusalAudit(journal=journal, clock=clock, ids=ids, keep_user_agent=settings.log.user_agent),
        reader=JournalReader(store=store, clock=clock, hidden_tenants=access.services.tenants.unlisted),
        sandbox=sandbox,
        upstream=upstream,
        probe=HealthProbe(upstream=upstream, clock=clock, cache_seconds=settings.upstream.health_cache_seconds),
    )


def _make_upstream(
    settings: Settings,
    models: ModelCatalogue,
    clock: Clock,
    ids: Ids,
    metrics: Metrics,
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
        transport = transport or ASGITransport(sandbox, base_path="/v1", timeout_seconds=limits.timeout_seconds)
    else:
        key = limits.api_key or Secret("")
        transport = transport or HTTPTransport(
            base_url=_upstream_url(settings),
            timeout_seconds=limits.timeout_seconds,
            max_bytes=limits.max_response_bytes,
            user_agent=f"Limi-AI-Backend/{__version__}",
            proxy=limits.proxy,
        )
    upstream = OpenAIUpstream(transport=transport, api_key=key, clock=clock, observe=metrics.upstream_answered)
    return sandbox, upstream


def _make_mint(parts: _Parts, keys: KeyFiles) -> MintEndpoint:
    settings = parts.settings
    memory = InMemoryIdempotencyStore(clock=parts.clock, max_entries=settings.idempotency.max_entries)
    service = MintService(
        upstream=parts.upstream,
        journal=parts.journal,
        models=parts.models,
        profiles=parts.access.services.profiles,
        bodies=SessionBodies(),
        repeats=parts.shared.repeats if parts.shared else memory,
        sealer=Sealer(derive_key(keys.root, KeyLabel.IDEMPOTENCY)),
        privacy_key=derive_key(keys.root, KeyLabel.PRIVACY),
        max_in_flight=settings.upstream.max_in_flight,
        clock=parts.clock,
        ids=parts.ids,
    )
    parts.metrics.gauge("limi_mints_in_flight", "Mints at upstream now.", lambda: service.in_flight)
    return MintEndpoint(
        authenticator=parts.authenticator,
        limiter=parts.limiter,
        service=service,
        urls=URLMaker(f"{_SANDBOX_PREFIX}/v1" if parts.sandbox else _upstream_url(settings)),
        observer=parts.metrics,
        refusals=parts.refusals,
        clock=parts.clock,
        max_body_bytes=settings.server.max_body_bytes,
        body_seconds=settings.server.body_seconds,
        keep_user_agent=settings.log.user_agent,
    )


def _make_status(parts: _Parts, name: str) -> StatusRoutes:
    return StatusRoutes(
        probe=parts.probe,
        models=parts.models,
        reader=parts.reader,
        journal_state=lambda: parts.journal.state,
        shared_healthy=parts.shared.is_healthy if parts.shared else None,
        flush_journal=parts.journal.flush,
        render_metrics=parts.metrics.render_all,
        authenticator=parts.authenticator,
        open_to_all=parts.settings.development,
        upstream_name=name,
        version=__version__,
        clock=parts.clock,
    )


def _make_admin(parts: _Parts) -> AdminRoutes:
    server, services = parts.settings.server, parts.access.services
    desk = FrontDesk(
        authenticator=parts.authenticator,
        reader=InputReader(max_body_bytes=server.max_body_bytes, body_seconds=server.body_seconds),
        keep_user_agent=parts.settings.log.user_agent,
    )
    return AdminRoutes(
        keys=services.keys,
        tenants=services.tenants,
        profiles=services.profiles,
        reader=parts.reader,
        flush_journal=parts.journal.flush,
        desk=desk,
        clock=parts.clock,
    )


@asynccontextmanager
async def _running(parts: _Parts) -> AsyncIterator[None]:
    """Start what needs starting, and stop it in reverse order."""
    async with AsyncExitStack() as stack:
        stack.callback(parts.store.close)
        stack.push_async_callback(parts.upstream.close)
        if parts.tokens:
            stack.push_async_callback(parts.tokens.close)
        if parts.shared:
            stack.push_async_callback(parts.shared.stop)
            await parts.shared.start()
        await parts.reader.start()
        stack.push_async_callback(parts.reader.stop)
        stack.push_async_callback(parts.upkeep.stop)
        await parts.upkeep.start()
        await parts.journal.start()
        stack.push_async_callback(parts.journal.stop)
        stack.push_async_callback(parts.refusals.stop)
        await parts.refusals.start()
        stack.push_async_callback(parts.access.stop)
        await parts.access.start()
        stack.push_async_callback(parts.probe.close)
        if parts.sandbox:
            await parts.sandbox.start()
            stack.push_async_callback(parts.sandbox.stop)
        for warning in parts.models.warnings():
            _log.warning("model.ending", model=warning.model, message=warning.message)
        yield


def _gated(parts: _Parts) -> ASGIApp:
    sandbox = cast("ASGIApp", parts.sandbox)
    seconds = parts.settings.server.body_seconds
    return SandboxGate(sandbox, limiter=parts.limiter, observer=parts.metrics, body_seconds=seconds)


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
    windows = shared.windows
    metrics.gauge("limi_limits_alone", "Whether this process counts limits by itself.", lambda: not windows.shared)
    metrics.gauge("limi_limits_losses", "How often Redis was lost since the start.", lambda: windows.losses)
    return shared


def _watch(metrics: Metrics, journal: JournalWriter, upkeep: AuditUpkeep) -> None:
    metrics.gauge("limi_journal_queued", "Facts waiting to be written.", lambda: journal.state.queued)
    metrics.gauge("limi_journal_kept", "Outcomes waiting for another attempt.", lambda: journal.state.kept)
    metrics.gauge("limi_journal_dropped", "Outcomes given up since the start.", lambda: journal.state.dropped)
    metrics.gauge("limi_journal_commits", "Transactions since the start.", lambda: journal.state.commits)
    if upkeep.file is not None:
        file = upkeep.file
        metrics.gauge("limi_audit_file_lag_seconds", "How far the audit file is behind.", file.lag_seconds)
    metrics.gauge("limi_journal_healthy", "Whether the last write succeeded.", lambda: journal.state.healthy)


def _upstream_url(settings: Settings) -> str:
    return settings.upstream.url or OPENAI_URL


def _upstream_name(settings: Settings) -> str:
    if settings.embeds_sandbox:
        return "sandbox"
    # Shown to everybody, so a password in the URL must not come along, whoever built these settings.
    host = urlsplit(_upstream_url(settings)).netloc.rpartition("@")[2]
    return "openai" if host == urlsplit(OPENAI_URL).netloc else host
