"""The parts list: settings become adapters, services, routes, and one application with one lifetime."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import structlog

from limi import __version__
from limi.adapters.key_files import KeyFiles
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.adapters.sql.schema import upgrade
from limi.adapters.telemetry.metrics import Metrics
from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.openai import OpenAIUpstream
from limi.adapters.upstream.transports import OPENAI_URL, ASGITransport, Transport
from limi.features.client_secrets.health import HealthProbe
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore, Sealer
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.client_secrets.service import MintService
from limi.features.client_secrets.session_config import SessionBodies
from limi.features.journal.ports import JournalStore
from limi.features.journal.reader import JournalReader
from limi.features.journal.service import JournalWriter
from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.service import RateLimiter
from limi.http.addresses import ClientAddresses, Hosts
from limi.http.asgi import ASGIApp
from limi.http.authentication import Authenticator
from limi.http.cors import CORS
from limi.http.envelope import Envelope
from limi.http.mint import MINT_PATH, MintEndpoint
from limi.http.openapi import describe_api
from limi.http.pages import PageRoutes
from limi.http.routes import make_routes
from limi.http.sandbox_gate import SandboxGate
from limi.http.status import StatusRoutes
from limi.http.urls import URLMaker
from limi.kernel.clock import Clock, SystemClock
from limi.kernel.ids import Ids, RandomIds
from limi.kernel.keys import KeyLabel, derive_key
from limi.kernel.secret import Secret
from limi.kernel.settings import Settings
from limi.kernel.start_rules import allows_anonymous, check_start
from limi.sandbox.app import Sandbox, create_sandbox
from limi.sandbox.brain import BuiltInBrain
from limi.sandbox.config import SandboxConfig
from limi.sandbox.speech.choice import SpeechLevel
from limi.sandbox_answers import sandbox_answers

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


@dataclass(frozen=True, slots=True)
class _Parts:
    """What lives as long as the application."""

    settings: Settings
    clock: Clock
    ids: Ids
    metrics: Metrics
    models: ModelCatalogue
    limiter: RateLimiter
    authenticator: Authenticator
    store: JournalStore
    journal: JournalWriter
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
    transport: Transport | None = None,
) -> Application:
    """Build the application; nothing runs before its ASGI lifespan begins.

    Args:
        settings: all of them.
        keys: the server's own.
        clock: time; the machine's unless given.
        ids: randomness; the operating system's unless given.
        store: where the journal is kept; unless given, the settings' database, which is migrated here.
        transport: how upstream is reached; unless given, by HTTP, or in process where the sandbox is inside.

    Raises:
        SettingsError: when settings do not fit together.
        DatabaseError: when the database cannot be used.
    """
    check_start(settings)
    parts = _make_parts(settings, keys, clock or SystemClock(), ids or RandomIds(), store, transport)
    server, name = settings.server, _upstream_name(settings)
    status = StatusRoutes(
        probe=parts.probe,
        models=parts.models,
        reader=parts.reader,
        journal_state=lambda: parts.journal.state,
        flush_journal=parts.journal.flush,
        render_metrics=parts.metrics.render,
        authenticator=parts.authenticator,
        open_to_all=settings.development,
        upstream_name=name,
        version=__version__,
        clock=parts.clock,
    )
    pages = PageRoutes(
        mode=_MODES.get(name, f"Keys come from {name}"),
        environment=settings.env,
        version=__version__,
        describe=cache(lambda: describe_api([*status.handlers(), *pages.handlers()], version=__version__)),
        authorize=status.authorize,
    )
    framework = make_routes(handlers=[*status.handlers(), *pages.handlers()], lifespan=partial(_running, parts))
    envelope = Envelope(
        framework,
        routes={MINT_PATH: _make_mint(parts, keys)},
        mounts={_SANDBOX_PREFIX: _gated(parts)} if parts.sandbox else {},
        hosts=Hosts(public_url=server.public_url, allowed=server.allowed_hosts),
        addresses=ClientAddresses(server.trusted_proxies),
        cors=CORS(origins=server.cors_origins, allow_localhost=settings.development),
        https=(server.public_url or "").startswith("https:"),
        ids=parts.ids,
    )
    farewell = parts.sandbox.stop if parts.sandbox else None
    return Application(envelope, settings, name, parts.models, parts.metrics, farewell)


def _make_parts(
    settings: Settings,
    keys: KeyFiles,
    clock: Clock,
    ids: Ids,
    store: JournalStore | None,
    transport: Transport | None,
) -> _Parts:
    metrics = Metrics()
    configured = [profile.model for profile in settings.profiles.values() if profile.model]
    models = ModelCatalogue(settings=settings.models, clock=clock, in_use=configured)
    windows = InMemoryWindowStore(clock=clock, max_keys=settings.limits.max_callers)
    # First what may refuse the start: then its sentence is all that is said.
    store = store or _open_store(settings)
    sandbox, upstream = _make_upstream(settings, models, clock, ids, metrics, transport)
    journal = JournalWriter(store=store, settings=settings.journal, clock=clock, ids=ids)
    _watch(metrics, journal)
    return _Parts(
        settings=settings,
        clock=clock,
        ids=ids,
        metrics=metrics,
        models=models,
        limiter=RateLimiter(settings=settings.limits, store=windows),
        authenticator=Authenticator(admin_key=keys.admin_key, allow_anonymous=allows_anonymous(settings)),
        store=store,
        journal=journal,
        reader=JournalReader(store=store, clock=clock),
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
    service = MintService(
        upstream=parts.upstream,
        journal=parts.journal,
        models=parts.models,
        bodies=SessionBodies(settings.profiles),
        repeats=InMemoryIdempotencyStore(clock=parts.clock, max_entries=settings.idempotency.max_entries),
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
        clock=parts.clock,
        max_body_bytes=settings.server.max_body_bytes,
        body_seconds=settings.server.body_seconds,
        keep_user_agent=settings.log.user_agent,
    )


@asynccontextmanager
async def _running(parts: _Parts) -> AsyncIterator[None]:
    """Start what needs starting, and stop it in reverse order."""
    async with AsyncExitStack() as stack:
        stack.callback(parts.store.close)
        stack.push_async_callback(parts.upstream.close)
        await parts.reader.start()
        stack.push_async_callback(parts.reader.stop)
        await parts.journal.start()
        stack.push_async_callback(parts.journal.stop)
        stack.push_async_callback(parts.probe.close)
        if parts.sandbox:
            await parts.sandbox.start()
            stack.push_async_callback(parts.sandbox.stop)
        for warning in parts.models.warnings():
            _log.warning("model.ending", model=warning.model, message=warning.message)
        yield


def _gated(parts: _Parts) -> ASGIApp:
    sandbox = cast("ASGIApp", parts.sandbox)
    return SandboxGate(sandbox, limiter=parts.limiter, observer=parts.metrics)


def _open_store(settings: Settings) -> JournalStore:
    url = settings.database.url
    upgrade(url)
    # Half of what the writer waits, so that a locked database is an error before it is a time-out.
    return SQLJournalStore(engine=open_engine(url, busy_seconds=settings.journal.write_seconds / 2))


def _watch(metrics: Metrics, journal: JournalWriter) -> None:
    metrics.gauge("limi_journal_queued", "Facts waiting to be written.", lambda: journal.state.queued)
    metrics.gauge("limi_journal_kept", "Outcomes waiting for another attempt.", lambda: journal.state.kept)
    metrics.gauge("limi_journal_dropped", "Outcomes given up since the start.", lambda: journal.state.dropped)
    metrics.gauge("limi_journal_commits", "Transactions since the start.", lambda: journal.state.commits)
    metrics.gauge("limi_journal_healthy", "Whether the last write succeeded.", lambda: journal.state.healthy)


def _upstream_url(settings: Settings) -> str:
    return settings.upstream.url or OPENAI_URL


def _upstream_name(settings: Settings) -> str:
    if settings.embeds_sandbox:
        return "sandbox"
    # Shown to everybody, so a password in the URL must not come along, whoever built these settings.
    host = urlsplit(_upstream_url(settings)).netloc.rpartition("@")[2]
    return "openai" if host == urlsplit(OPENAI_URL).netloc else host
