"""`POST /api/analytics/events`: what clients report of their connections.

It is authenticated, limited and checked as a mint is, and answered when the events are on disk. Who reports is
told by the credential, never by the body.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from limi.features.analytics.model import ClientEvent, EventKey, EventType
from limi.features.analytics.ports import AnalyticsObserver
from limi.features.analytics.service import EventIntake
from limi.features.analytics.sketch import MAX_DURATION_MS
from limi.features.client_secrets.model import own_session_id
from limi.features.rate_limits.service import RateLimiter
from limi.http.asgi import Header, scope_of
from limi.http.authentication import Authenticator, client_kind
from limi.http.context import RequestContext, context_of
from limi.http.error_responses import error_responses
from limi.http.errors import Refusal
from limi.http.frontends import frontend_of
from limi.http.inputs import INPUTS, InputReader, Inputs
from limi.http.ports import MintObserver
from limi.http.rate_limits import answer_headers, headers_if_admitted
from limi.kernel.clock import Clock
from limi.kernel.frontends import Frontend
from limi.kernel.principal import Principal
from limi.kernel.principal import Scope as Grant

__all__ = ["EVENTS_PATH", "AnalyticsRoutes"]

EVENTS_PATH: Final = "/api/analytics/events"
_MOST_EVENTS: Final = 100
_ERRORS: Final = (
    "invalid_request",
    "auth_required",
    "forbidden",
    "tenant_suspended",
    "request_timeout",
    "payload_too_large",
    "unsupported_media_type",
    "rate_limit_exceeded",
    "internal_error",
    "analytics_unavailable",
    "access_unavailable",
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

_EventID = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z",
        description="a UUID such as 0b2f6c1e-6a59-4f0e-9f0b-3f7a3f1c9d11",
    ),
]
_SessionID = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,100}\Z", description="a text of 1–100 characters of A–Z a–z 0–9 _ -"),
]
_DurationMs = Annotated[
    int,
    msgspec.Meta(ge=0, le=MAX_DURATION_MS, description=f"a whole number of milliseconds up to {MAX_DURATION_MS}"),
]
_Transport = Annotated[Literal["webrtc", "websocket"], msgspec.Meta(description="webrtc or websocket")]
_ErrorCode = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z", description="a text of 1–64 characters of A–Z a–z 0–9 _ . -"),
]
_ErrorMessage = Annotated[str, msgspec.Meta(max_length=200, description="a text of at most 200 characters")]


class _Event(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="type"
):
    """What both kinds of events have."""

    id: _EventID
    """A UUID. Of several events with one id the first is kept."""


class ConnectionSuccessful(_Event, frozen=True, tag=EventType.CONNECTION_SUCCESSFUL.value):
    """A client was connected."""

    session_id: _SessionID
    duration_ms: _DurationMs
    """From the wish to connect until sound or text could flow."""
    transport: _Transport


class ErrorOccurred(_Event, frozen=True, tag=EventType.ERROR_OCCURRED.value):
    """Something went wrong at a client."""

    error_code: _ErrorCode
    """One of the error catalogue; others are counted together."""
    error_message: _ErrorMessage
    session_id: _SessionID | UnsetType = UNSET


class EventsRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a client reports."""

    events: Annotated[
        list[ConnectionSuccessful | ErrorOccurred],
        msgspec.Meta(
            max_length=_MOST_EVENTS,
            description=f"an array of at most {_MOST_EVENTS} events, each of the `type` {' or '.join(EventType)}",
        ),
    ]


class EventsAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many of the events are kept now that were not before."""

    accepted: int
    request_id: str


class AnalyticsRoutes:
    """The one handler."""

    def __init__(
        self,
        *,
        intake: EventIntake,
        authenticator: Authenticator,
        limiter: RateLimiter,
        reader: InputReader,
        limits: MintObserver,
        observer: AnalyticsObserver,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._authenticator = authenticator
        self._limiter = limiter
        self._read_body = reader.body
        self._limits = limits
        self._observer = observer
        self._clock = clock

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the route."""
        return (
            post(
                EVENTS_PATH,
                status_code=202,
                operation_id="ReportEvents",
                summary="Report what happened at a client",
                tags=["Analytics"],
                security=[{}, {"key": []}],
                responses=error_responses(_ERRORS),
                opt={INPUTS: Inputs(body=EventsRequest)},
            )(self._report),
        )

    async def _report(self, request: Request[Any, Any, Any]) -> Response[EventsAnswer]:
        """Keep events of a client: that it was connected, or that something went wrong. A repeat does no harm."""
        scope = scope_of(request)
        context = context_of(scope)
        principal = await self._authenticator.admit(scope, Grant.MINT)
        headers = await self._limit(principal, context)
        try:
            wish = await self._read_body(request, EventsRequest)
        except Refusal as refusal:
            self._observer.analytics_events("unknown", "refused")
            raise _with_headers(refusal, headers) from None
        now, frontend = self._clock.now(), frontend_of(scope)
        accepted = await self._intake.take([_kept(event, principal, frontend, now) for event in wish.events])
        answer = EventsAnswer(accepted=accepted, request_id=context.request_id)
        return Response(answer, headers=answer_headers(headers))

    async def _limit(self, principal: Principal, context: RequestContext) -> tuple[Header, ...]:
        decision = await self._limiter.admit_events(principal, client_kind(context.user_agent))
        self._limits.limit_decided("events", admitted=decision.admitted)
        return headers_if_admitted(decision, principal)


def _kept(
    event: ConnectionSuccessful | ErrorOccurred, principal: Principal, frontend: Frontend, now: float
) -> ClientEvent:
    """Return the event as it is kept: the caller's tenant, and ids in one spelling."""
    key = EventKey(principal.tenant or "", event.id.lower())
    session_id = own_session_id(event.session_id, principal.tenant) if event.session_id is not UNSET else None
    if isinstance(event, ConnectionSuccessful):
        return ClientEvent(
            key=key,
            type=EventType.CONNECTION_SUCCESSFUL,
            at=now,
            frontend=frontend,
            session_id=session_id,
            duration_ms=event.duration_ms,
            transport=event.transport,
        )
    return ClientEvent(
        key=key,
        type=EventType.ERROR_OCCURRED,
        at=now,
        frontend=frontend,
        session_id=session_id,
        code=event.error_code,
        # Written by anybody and read by people, on terminals too; and a database need not take a NUL.
        message=_CONTROL.sub(" ", event.error_message),
    )


def _with_headers(refusal: Refusal, headers: tuple[Header, ...]) -> Refusal:
    return Refusal(
        refusal.code,
        message=refusal.message,
        retry_after_ms=refusal.retry_after_ms,
        headers=(*refusal.headers, *headers),
        by=refusal.by,
    )
