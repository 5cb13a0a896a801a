"""`POST /api/webhook/token-generated`: a trusted integration tells of a key that it made elsewhere.

It is authenticated, counted and checked as a mint is, and answered when the announcement is on disk. What becomes
of it then, the delivery to whoever subscribed, is nothing that the integration waits for.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler

from limi.features.client_secrets.announcements import AnnouncementService
from limi.features.rate_limits.service import RateLimiter
from limi.http.asgi import Header, Scope, headers_of, scope_of
from limi.http.authentication import Authenticator, client_kind
from limi.http.context import RequestContext, context_of
from limi.http.error_responses import error_responses
from limi.http.frontends import frontend_of
from limi.http.inputs import INPUTS, InputReader, Inputs
from limi.http.mint import repeat_of
from limi.http.ports import MintObserver
from limi.http.rate_limits import answer_headers, headers_if_admitted
from limi.kernel.facts import Origin
from limi.kernel.principal import Principal
from limi.kernel.principal import Scope as Grant

__all__ = ["ANNOUNCE_PATH", "AnnounceRoutes"]

ANNOUNCE_PATH: Final = "/api/webhook/token-generated"
_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999, in Unix seconds."""
_ERRORS: Final = (
    "invalid_request",
    "auth_required",
    "forbidden",
    "tenant_suspended",
    "request_timeout",
    "idempotency_conflict",
    "payload_too_large",
    "unsupported_media_type",
    "rate_limit_exceeded",
    "internal_error",
    "audit_unavailable",
    "access_unavailable",
)


class AnnounceRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A key that was made elsewhere."""

    session_id: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[A-Za-z0-9_-]{1,100}\Z", description="a text of 1–100 characters of A–Z a–z 0–9 _ -"
        ),
    ]
    model: Annotated[str, msgspec.Meta(min_length=1, max_length=100, description="the name of a model")]
    expires_at: Annotated[
        int,
        msgspec.Meta(ge=0, le=_LAST_SECOND, description="a time in whole Unix seconds, at most a day from now"),
    ]


class AnnounceAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """That it is on record."""

    status: str
    request_id: str


class AnnounceRoutes:
    """The one handler."""

    def __init__(
        self,
        *,
        service: AnnouncementService,
        authenticator: Authenticator,
        limiter: RateLimiter,
        reader: InputReader,
        observer: MintObserver,
        keep_user_agent: bool,
    ) -> None:
        self._service = service
        self._authenticator = authenticator
        self._limiter = limiter
        self._read_body = reader.body
        self._observer = observer
        self._keep_user_agent = keep_user_agent

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the route."""
        return (
            post(
                ANNOUNCE_PATH,
                status_code=200,
                operation_id="AnnounceToken",
                summary="Announce a key made elsewhere",
                tags=["Webhooks"],
                security=[{"key": []}],
                responses=error_responses(_ERRORS),
                opt={INPUTS: Inputs(body=AnnounceRequest, repeatable=True)},
            )(self._announce),
        )

    async def _announce(self, request: Request[Any, Any, Any]) -> Response[AnnounceAnswer]:
        """Record a key that was made elsewhere, for the audit log and the webhooks; the scope is `webhook`."""
        scope = scope_of(request)
        context = context_of(scope)
        principal = await self._authenticator.require(scope, Grant.WEBHOOK)
        headers = await self._limit(principal, context)
        wish = await self._read_body(request, AnnounceRequest)
        replayed = await self._service.announce(
            session_id=wish.session_id,
            model=wish.model,
            expires_at=wish.expires_at,
            principal=principal,
            origin=self._origin(scope, context, principal),
            # What it says rather than its bytes: another order of members is no other announcement.
            repeat=repeat_of(headers_of(scope), principal, context, msgspec.json.encode(wish)),
        )
        if replayed:
            headers = (*headers, (b"idempotent-replayed", b"true"))
        answer = AnnounceAnswer(status="webhook_received", request_id=context.request_id)
        return Response(answer, headers=answer_headers(headers))

    def _origin(self, scope: Scope, context: RequestContext, principal: Principal) -> Origin:
        return Origin(
            request_id=context.request_id,
            caller=principal.caller,
            tenant=principal.tenant,
            ip=context.ip,
            user_agent=context.user_agent if self._keep_user_agent else None,
            frontend=frontend_of(scope),
        )

    async def _limit(self, principal: Principal, context: RequestContext) -> tuple[Header, ...]:
        """Count it in the caller's window of mints; without that an integration could fill the journal's disk."""
        decision = await self._limiter.admit_mint(principal, client_kind(context.user_agent))
        self._observer.limit_decided("mint", admitted=decision.admitted)
        return headers_if_admitted(decision, principal)
