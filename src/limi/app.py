"""The parts list's end: adapters and services get their routes, and become one application with one lifetime."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

import structlog

from limi import __version__
from limi.access import Access, AccessStores
from limi.adapters.key_files import KeyFiles
from limi.adapters.telemetry.loop_watch import LoopWatch
from limi.adapters.telemetry.metrics import Metrics
from limi.adapters.telemetry.totals import MetricsPool
from limi.adapters.upstream.transports import OPENAI_URL, Transport
from limi.analytics import (
    Analytics,
)
from limi.features.client_secrets.announcements import AnnouncementService
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore, Sealer
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.client_secrets.service import MintService
from limi.features.client_secrets.session_config import SessionBodies
from limi.features.journal.ports import JournalStore
from limi.http.addresses import ClientAddresses, Hosts
from limi.http.admin.desk import FrontDesk
from limi.http.admin.routes import AdminRoutes
from limi.http.analytics import AnalyticsRoutes
from limi.http.announce import AnnounceRoutes
from limi.http.asgi import ASGIApp
from limi.http.context import context_of
from limi.http.cors import CORS
from limi.http.envelope import Envelope
from limi.http.error_counts import ErrorCounts
from limi.http.front_page import FrontPage
from limi.http.inputs import InputReader
from limi.http.llms import read_llms
from limi.http.mint import MINT_PATH, MintEndpoint
from limi.http.openapi import describe_api
from limi.http.pages import PageRoutes
from limi.http.routes import all_handlers, make_routes
from limi.http.sandbox_gate import SandboxGate
from limi.http.status import StatusRoutes
from limi.http.urls import URLMaker
from limi.http.web_build import WebBuild
from limi.http.wrong_credentials import WrongCredentials
from limi.kernel.clock import Clock, SystemClock
from limi.kernel.ids import Ids, RandomIds
from limi.kernel.keys import KeyLabel, derive_key
from limi.kernel.settings import Settings
from limi.kernel.start_rules import allows_anonymous, check_start
from limi.parts import Given, Parts, make_parts, upstream_url
from limi.webhooks import KeptDeliveries, Webhooks

if TYPE_CHECKING:
    from limi.adapters.oidc.key_source import Fetch

__all__ = ["Application", "create_app"]

_log = structlog.get_logger()

_SANDBOX_PREFIX: Final = "/sandbox"


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
    webhooks: Webhooks
    """Endpoints and what is sent to them, likewise."""
    analytics: Analytics
    """What clients report and what is counted, likewise."""
    drain: Callable[[], None]
    """Makes readiness say that requests should go elsewhere."""


def create_app(
    settings: Settings,
    *,
    keys: KeyFiles,
    clock: Clock | None = None,
    ids: Ids | None = None,
    store: JournalStore | None = None,
    stores: AccessStores | None = None,
    deliveries: KeptDeliveries | None = None,
    transport: Transport | None = None,
    fetch: "Fetch | None" = None,
    pool: MetricsPool | None = None,
    web: WebBuild | None = None,
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
        deliveries: where webhooks wait to be delivered; unless given, as `stores`.
        transport: how upstream is reached; unless given, by HTTP, or in process where the sandbox is inside.
        fetch: how the documents of the issuer in `[oidc]` are read; unless given, by https.
        pool: the other processes of this server, whose metrics are added to its own.
        web: the voice page; unless given, a plain page stands in its place.

    Raises:
        SettingsError: when settings do not fit together.
        DatabaseError: when the database cannot be used.
    """
    check_start(settings)
    given = Given(store=store, stores=stores, deliveries=deliveries, transport=transport, fetch=fetch, pool=pool)
    parts = make_parts(settings, keys=keys, clock=clock or SystemClock(), ids=ids or RandomIds(), given=given)
    name = _upstream_name(settings)
    status = _make_status(parts, name)
    framework = _make_framework(parts, keys, name, status, web)
    farewell = parts.sandbox.stop if parts.sandbox else None
    return Application(
        _wrapped(parts, framework, keys),
        settings,
        name,
        parts.models,
        parts.metrics,
        farewell,
        parts.access,
        parts.webhooks,
        parts.analytics,
        status.drain,
    )


def _make_framework(
    parts: Parts, keys: KeyFiles, name: str, status: StatusRoutes, web: WebBuild | None
) -> ASGIApp:
    """Return the framework with the routes that it serves, and with the application's lifetime."""
    pages = PageRoutes(
        describe=cache(lambda: describe_api(all_handlers(groups), version=__version__)),
        authorize=status.authorize,
        counts=ErrorCounts(usage=parts.analytics.usage, authenticator=parts.authenticator),
        llms=read_llms(),
    )
    groups = (
        status,
        _make_events(parts),
        _make_announce(parts, keys),
        _make_admin(parts),
        pages,
        _make_front_page(parts, name, web),
    )
    return make_routes(handlers=all_handlers(groups), lifespan=partial(_running, parts))


def _wrapped(parts: Parts, framework: ASGIApp, keys: KeyFiles) -> Envelope:
    """Put before the framework what is too frequent for it, and around both what every request goes through."""
    settings, server = parts.settings, parts.settings.server
    return Envelope(
        framework,
        routes={MINT_PATH: _traced(parts, _make_mint(parts, keys))},
        mounts={_SANDBOX_PREFIX: _gated(parts)} if parts.sandbox else {},
        hosts=Hosts(public_url=server.public_url, allowed=server.allowed_hosts),
        addresses=ClientAddresses(server.trusted_proxies),
        cors=CORS(origins=server.cors_origins, allow_localhost=settings.development),
        https=(server.public_url or "").startswith("https:"),
        wrong_credentials=WrongCredentials(limiter=parts.limiter, observer=parts.metrics),
        refusals=parts.refusals,
        observer=parts.metrics,
        clock=parts.clock,
        ids=parts.ids,
    )


def _make_mint(parts: Parts, keys: KeyFiles) -> MintEndpoint:
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
        urls=_make_urls(parts),
        observer=parts.tracing.telling(parts.metrics) if parts.tracing else parts.metrics,
        refusals=parts.refusals,
        clock=parts.clock,
        max_body_bytes=settings.server.max_body_bytes,
        body_seconds=settings.server.body_seconds,
        keep_user_agent=settings.log.user_agent,
    )


def _traced(parts: Parts, mint: MintEndpoint) -> ASGIApp:
    if parts.tracing is None:
        return mint
    return parts.tracing.around(
        mint, route=MINT_PATH, describe=lambda scope: {"limi.request_id": context_of(scope).request_id}
    )


def _make_urls(parts: Parts) -> URLMaker:
    return URLMaker(f"{_SANDBOX_PREFIX}/v1" if parts.sandbox else upstream_url(parts.settings))


def _make_front_page(parts: Parts, name: str, web: WebBuild | None) -> FrontPage:
    return FrontPage(
        upstream_name=name,
        environment=parts.settings.env,
        version=__version__,
        anonymous=allows_anonymous(parts.settings),
        urls=_make_urls(parts),
        build=web,
    )


def _make_status(parts: Parts, name: str) -> StatusRoutes:
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


def _make_announce(parts: Parts, keys: KeyFiles) -> AnnounceRoutes:
    settings = parts.settings
    memory = InMemoryIdempotencyStore(clock=parts.clock, max_entries=settings.idempotency.max_entries)
    service = AnnouncementService(
        journal=parts.journal,
        models=parts.models,
        repeats=parts.shared.repeats if parts.shared else memory,
        sealer=Sealer(derive_key(keys.root, KeyLabel.IDEMPOTENCY)),
        clock=parts.clock,
        ids=parts.ids,
    )
    return AnnounceRoutes(
        service=service,
        authenticator=parts.authenticator,
        limiter=parts.limiter,
        reader=_input_reader(settings),
        observer=parts.metrics,
        keep_user_agent=settings.log.user_agent,
    )


def _make_events(parts: Parts) -> AnalyticsRoutes:
    return AnalyticsRoutes(
        intake=parts.analytics.intake,
        authenticator=parts.authenticator,
        limiter=parts.limiter,
        reader=_input_reader(parts.settings),
        limits=parts.metrics,
        observer=parts.metrics,
        clock=parts.clock,
    )


def _input_reader(settings: Settings) -> InputReader:
    server = settings.server
    return InputReader(max_body_bytes=server.max_body_bytes, body_seconds=server.body_seconds)


def _make_admin(parts: Parts) -> AdminRoutes:
    services = parts.access.services
    desk = FrontDesk(
        authenticator=parts.authenticator,
        reader=_input_reader(parts.settings),
        keep_user_agent=parts.settings.log.user_agent,
    )
    return AdminRoutes(
        keys=services.keys,
        tenants=services.tenants,
        profiles=services.profiles,
        webhooks=parts.webhooks.service,
        usage=parts.analytics.usage,
        reader=parts.reader,
        flush_journal=parts.journal.flush,
        desk=desk,
        clock=parts.clock,
    )


@asynccontextmanager
async def _running(parts: Parts) -> AsyncIterator[None]:
    """Start what needs starting, and stop it in reverse order."""
    async with AsyncExitStack() as stack:
        lag = LoopWatch(observe=parts.metrics.loop_lagged)
        await lag.start()
        stack.push_async_callback(lag.stop)
        if parts.tracing:
            stack.push_async_callback(parts.tracing.stop)
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
        stack.push_async_callback(parts.analytics.stop)
        await parts.analytics.start()
        stack.push_async_callback(parts.webhooks.stop)
        await parts.webhooks.start()
        stack.push_async_callback(parts.probe.close)
        if parts.sandbox:
            await parts.sandbox.start()
            stack.push_async_callback(parts.sandbox.stop)
        for warning in parts.models.warnings():
            _log.warning("model.ending", model=warning.model, message=warning.message)
        yield


def _gated(parts: Parts) -> ASGIApp:
    sandbox = cast("ASGIApp", parts.sandbox)
    seconds = parts.settings.server.body_seconds
    return SandboxGate(sandbox, limiter=parts.limiter, observer=parts.metrics, body_seconds=seconds)


def _upstream_name(settings: Settings) -> str:
    if settings.embeds_sandbox:
        return "sandbox"
    # Shown to everybody, so a password in the URL must not come along, whoever built these settings.
    host = urlsplit(upstream_url(settings)).netloc.rpartition("@")[2]
    return "openai" if host == urlsplit(OPENAI_URL).netloc else host
