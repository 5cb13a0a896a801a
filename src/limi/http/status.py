"""How the service is: upstream's health, statistics, liveness, readiness, metrics."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from limi.features.client_secrets.health import Health, HealthProbe
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.journal.model import JournalState, LiveToken
from limi.features.journal.reader import JournalReader
from limi.http.asgi import scope_of
from limi.http.authentication import Authenticator
from limi.http.context import context_of
from limi.http.errors import ErrorBody, Refusal, as_refusal
from limi.http.times import iso8601
from limi.kernel.clock import Clock
from limi.kernel.errors import CATALOGUE
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import Principal
from limi.kernel.principal import Scope as Grant

__all__ = ["StatusRoutes"]

_LISTED_TOKENS: Final = 100
"""Most tokens a stats answer lists; `totalTokens` counts them all."""
_PROMETHEUS: Final = "text/plain; version=0.0.4"
_NO_STORE: Final = {"cache-control": "no-store"}
_SERVICE: Final = "OpenAI Realtime API Service"


class ModelWarningBody(msgspec.Struct, frozen=True, kw_only=True):
    """A model in use whose end is near or past."""

    model: str
    shutdown: str
    replacement: str | None
    message: str


class HealthBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer of the health probe."""

    status: str
    accessible: bool
    response_time: str
    timestamp: str
    request_id: str
    upstream: str
    """`openai`, or `sandbox` where keys come from inside this process."""
    code: str | None = None
    message: str | None = None
    warnings: list[ModelWarningBody] = []


class TokenBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One live key, without the key."""

    session_id: str | None
    expires_at: str
    model: str | None
    cached_at: str


class TokenCacheBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The registry of live keys."""

    total_tokens: int
    tokens: list[TokenBody]


class StatsBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer of the statistics."""

    service: str
    version: str
    token_cache: TokenCacheBody
    uptime: int
    """Seconds since the start."""
    timestamp: str
    request_id: str
    warnings: list[ModelWarningBody] = []


class LiveBody(msgspec.Struct, frozen=True):
    """The process is alive."""

    status: str = "alive"


class ReadyBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether requests should come here, and how each part is."""

    status: str
    """`ready`; with 503 `unready`, or `draining` when it is about to stop."""
    database: str
    journal: str
    upstream: str
    """`ok`, `degraded`, or `unknown` before the first look. Upstream's trouble takes no server out."""
    redis: str | None = None
    """`ok`, or `degraded` while this process counts by itself, which takes no server out; absent without Redis."""


class StatusRoutes:
    """The handlers, given what they report on."""

    def __init__(
        self,
        *,
        probe: HealthProbe,
        models: ModelCatalogue,
        reader: JournalReader,
        journal_state: Callable[[], JournalState],
        flush_journal: Callable[[], Awaitable[None]],
        render_metrics: Callable[[], Awaitable[bytes]],
        authenticator: Authenticator,
        open_to_all: bool,
        upstream_name: str,
        version: str,
        clock: Clock,
        shared_healthy: Callable[[], bool] | None = None,
    ) -> None:
        self._probe = probe
        self._models = models
        self._reader = reader
        self._journal_state = journal_state
        self._flush_journal = flush_journal
        self._render_metrics = render_metrics
        self._authenticator = authenticator
        self._open_to_all = open_to_all
        self._shared_healthy = shared_healthy
        self._upstream_name = upstream_name
        self._version = version
        self._clock = clock
        self._started = clock.monotonic()
        self._draining = False

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""
        error = {
            401: ResponseSpec(data_container=ErrorBody, description="No valid credential", generate_examples=False)
        }

        @get("/api/client-secret/health", tags=["Client secrets"], responses=_unhealthy(), summary="Health")
        async def health(request: Request[Any, Any, Any]) -> Response[HealthBody]:
            """Say whether upstream is reachable and accepts the key; asked at most every few seconds."""
            found = await self._probe.check()
            body = self._health_body(found, context_of(scope_of(request)).request_id)
            return Response(body, status_code=200 if found.accessible else 503, headers=_NO_STORE)

        @get("/api/client-secret/stats", tags=["Client secrets"], responses=error, summary="Statistics")
        async def stats(request: Request[Any, Any, Any]) -> Response[StatsBody]:
            """List the keys handed out that have not expired; never a key itself."""
            principal = await self.authorize(request)
            tenant = principal.tenant if principal else None
            body = await self._stats_body(context_of(scope_of(request)).request_id, tenant)
            return Response(body, headers=_NO_STORE)

        @get("/healthz", tags=["Operations"], summary="Liveness")
        async def healthz() -> Response[LiveBody]:
            """Say that the process answers."""
            return Response(LiveBody(), headers=_NO_STORE)

        @get("/readyz", tags=["Operations"], responses=_unready(), summary="Readiness")
        async def readyz() -> Response[ReadyBody]:
            """Say whether requests should be sent here: database, migrations, and the journal's writer."""
            body = await self._ready_body()
            return Response(body, status_code=200 if body.status == "ready" else 503, headers=_NO_STORE)

        @get("/metrics", tags=["Operations"], responses=error, media_type=_PROMETHEUS, summary="Metrics")
        async def metrics(request: Request[Any, Any, Any]) -> bytes:
            """Return the Prometheus metrics."""
            principal = await self.authorize(request)
            if principal is not None and principal.tenant is not None:
                raise Refusal("forbidden", message="tenant: the metrics count the callers of all tenants together")
            return await self._render_metrics()

        return (health, stats, healthz, readyz, metrics)

    def drain(self) -> None:
        """Say from now on that requests should go elsewhere; those that come are answered all the same."""
        self._draining = True

    async def authorize(self, request: Request[Any, Any, Any]) -> Principal | None:
        """Let pass what is open in development and needs a key elsewhere; a wrong key is refused anywhere.

        Returns:
            Who asks, None where nobody said so.

        Raises:
            Refusal: `auth_required` or `forbidden`.
        """
        if self._open_to_all:
            return await self._authenticator.identify(scope_of(request))
        return await self._authenticator.require(scope_of(request), Grant.STATS)

    def _health_body(self, health: Health, request_id: str) -> HealthBody:
        entry = CATALOGUE[as_refusal(health.problem).code] if health.problem else None
        return HealthBody(
            status="healthy" if health.accessible else "unhealthy",
            accessible=health.accessible,
            response_time=f"{health.response_ms}ms",
            timestamp=iso8601(health.checked_at),
            request_id=request_id,
            upstream=self._upstream_name,
            code=entry.code if entry else None,
            message=entry.message if entry else None,
            warnings=self._warnings(),
        )

    async def _stats_body(self, request_id: str, tenant: str | None) -> StatsBody:
        # A key that was just handed out is in the list: what is queued is written before the list is read.
        await self._flush_journal()
        tokens = await self._reader.live_tokens(limit=_LISTED_TOKENS, tenant=tenant)
        return StatsBody(
            service=_SERVICE,
            version=self._version,
            token_cache=TokenCacheBody(
                total_tokens=tokens.total, tokens=[_token_body(token) for token in tokens.newest]
            ),
            uptime=int(self._clock.monotonic() - self._started),
            timestamp=iso8601(self._clock.now()),
            request_id=request_id,
            warnings=self._warnings(),
        )

    async def _ready_body(self) -> ReadyBody:
        try:
            await self._reader.ping()
            database = "ok"
        except JournalUnavailableError:
            database = "unavailable"
        journal = "ok" if self._journal_state().healthy else "failing"
        health = self._probe.glance()
        upstream = "unknown" if health is None else "ok" if health.accessible else "degraded"
        return ReadyBody(
            status="draining" if self._draining else "ready" if database == journal == "ok" else "unready",
            database=database,
            journal=journal,
            upstream=upstream,
            redis=None if self._shared_healthy is None else "ok" if self._shared_healthy() else "degraded",
        )

    def _warnings(self) -> list[ModelWarningBody]:
        return [
            ModelWarningBody(
                model=warning.model,
                shutdown=warning.shutdown.isoformat(),
                replacement=warning.replacement,
                message=warning.message,
            )
            for warning in self._models.warnings()
        ]


def _token_body(token: LiveToken) -> TokenBody:
    return TokenBody(
        session_id=token.session_id,
        expires_at=iso8601(token.expires_at),
        model=token.model,
        cached_at=iso8601(token.minted_at),
    )


def _unhealthy() -> dict[int, ResponseSpec]:
    return {503: ResponseSpec(data_container=HealthBody, description="Unhealthy", generate_examples=False)}


def _unready() -> dict[int, ResponseSpec]:
    return {503: ResponseSpec(data_container=ReadyBody, description="Unready", generate_examples=False)}
