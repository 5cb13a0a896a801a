"""`POST /api/client-secret`: authenticate, limit, validate, mint, answer.

The one route that must be fast, so it is written against ASGI itself; docs/decisions/0002 has the measurements.
"""

import re
from typing import Final

import msgspec
import structlog

from limi.features.api_keys.errors import ApiKeyError
from limi.features.client_secrets.errors import UpstreamError
from limi.features.client_secrets.idempotency import Repeat
from limi.features.client_secrets.model import Minted, own_session_id
from limi.features.client_secrets.service import MintService
from limi.features.rate_limits.service import RateLimiter
from limi.http.asgi import Header, Headers, RawResponse, Receive, Scope, Send, headers_of
from limi.http.authentication import Authenticator, anonymous, client_kind
from limi.http.bodies import ClientGoneError, is_json, read_body
from limi.http.context import RequestContext, context_of
from limi.http.deadlines import Deadlines
from limi.http.errors import Refusal, as_refusal, render_error
from limi.http.frontends import told_frontend
from limi.http.mint_request import decode_mint
from limi.http.ports import MintObserver
from limi.http.rate_limits import rate_limit_headers, too_many
from limi.http.refusal_audit import RefusalAudit
from limi.http.urls import CallURLs, URLMaker
from limi.kernel.clock import Clock
from limi.kernel.facts import Origin
from limi.kernel.principal import Principal
from limi.kernel.principal import Scope as Grant
from limi.kernel.secret import Secret

__all__ = ["MINT_PATH", "MintAnswer", "MintEndpoint", "repeat_of"]

MINT_PATH: Final = "/api/client-secret"

_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
)
_ALLOW: Final[Header] = (b"allow", b"POST, OPTIONS")
_IDEMPOTENCY_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}\Z")
_CLIENT_HEADERS: Final = (("client", b"x-limi-client"), ("client_version", b"x-client-version"))
_OK: Final = 200
_SERVER_ERROR: Final = 500
_CLIENT: Final = re.compile(rb"[\x21-\x7e]{1,64}\Z")


class MintAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of a successful mint."""

    ephemeral_key: str
    expires_at: int
    """Unix seconds."""
    session_id: str
    model: str
    request_id: str
    urls: CallURLs
    mode: str


class MintEndpoint:
    """The raw ASGI route."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        limiter: RateLimiter,
        service: MintService,
        urls: URLMaker,
        observer: MintObserver,
        refusals: RefusalAudit,
        clock: Clock,
        max_body_bytes: int,
        body_seconds: float,
        keep_user_agent: bool,
    ) -> None:
        self._authenticator = authenticator
        self._limiter = limiter
        self._service = service
        self._urls = urls
        self._observer = observer
        self._refusals = refusals
        self._clock = clock
        self._max_body_bytes = max_body_bytes
        self._deadlines = Deadlines(body_seconds)
        self._keep_user_agent = keep_user_agent
        # Bound once: what `get_logger` returns looks for its logger at each call, a hundredth of a mint.
        self._log = structlog.get_logger().bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] == "OPTIONS":
            await RawResponse(204, b"", [_ALLOW]).send(send)
            return
        started = self._clock.monotonic()
        context = context_of(scope)
        rate_headers: list[Header] = []
        try:
            minted, principal = await self._mint(scope, receive, context, rate_headers)
            response = self._success(minted, context, rate_headers)
        except ClientGoneError:
            return
        except Exception as exc:  # noqa: BLE001 - every failure is answered in the one shape, and logged below
            refusal = as_refusal(exc)
            response = render_error(refusal, request_id=context.request_id, base_url=context.base_url)
            response.headers.extend(rate_headers)
            self._note_failure(refusal.code, exc, scope, response.status, self._clock.monotonic() - started)
        else:
            self._note_success(minted, principal.tenant, scope, self._clock.monotonic() - started)
        await response.send(send)

    async def _mint(
        self, scope: Scope, receive: Receive, context: RequestContext, rate_headers: list[Header]
    ) -> tuple[Minted, Principal]:
        if scope["method"] != "POST":
            raise Refusal("method_not_allowed", headers=(_ALLOW,))
        principal = await self._authenticate(scope, context, rate_headers)
        await self._limit(principal, scope, context, rate_headers)
        headers = headers_of(scope)
        content_type = headers.get(b"content-type")
        body = await read_body(scope, receive, max_bytes=self._max_body_bytes, deadlines=self._deadlines)
        if (body or content_type) and not is_json(content_type):
            raise Refusal("unsupported_media_type")
        minted = await self._service.mint(
            decode_mint(body),
            principal=principal,
            origin=Origin(
                request_id=context.request_id,
                caller=principal.caller,
                tenant=principal.tenant,
                ip=context.ip,
                user_agent=context.user_agent if self._keep_user_agent else None,
                frontend=told_frontend(headers.get(b"x-limi-client"), context.user_agent),
            ),
            repeat=repeat_of(headers, principal, context, body),
        )
        return minted, principal

    async def _authenticate(self, scope: Scope, context: RequestContext, rate_headers: list[Header]) -> Principal:
        try:
            return await self._authenticator.admit(scope, Grant.MINT)
        except (Refusal, ApiKeyError) as exc:
            self._refusals.note(as_refusal(exc).code, scope, anonymous(context.ip))
            # A wrong key counts for its address, so that nobody tries keys faster than they may mint.
            await self._limit(anonymous(context.ip), scope, context, rate_headers)
            raise

    async def _limit(
        self, principal: Principal, scope: Scope, context: RequestContext, rate_headers: list[Header]
    ) -> None:
        decision = await self._limiter.admit_mint(principal, client_kind(context.user_agent))
        self._observer.limit_decided("mint", admitted=decision.admitted)
        rate_headers.extend(rate_limit_headers(decision))
        if not decision.admitted:
            self._refusals.note("rate_limit_exceeded", scope, principal)
            raise too_many(decision)

    def _success(self, minted: Minted, context: RequestContext, rate_headers: list[Header]) -> RawResponse:
        answer = MintAnswer(
            ephemeral_key=minted.key.reveal(),
            expires_at=minted.expires_at,
            session_id=minted.session_id,
            model=minted.model,
            request_id=context.request_id,
            urls=self._urls.make(context.base_url, minted.model),
            mode="direct",
        )
        headers = [*_HEADERS, *rate_headers]
        if minted.replayed:
            headers.append((b"idempotent-replayed", b"true"))
        if minted.replaces:
            headers.append((b"x-limi-model-replaced", minted.replaces.encode()))
        return RawResponse(_OK, msgspec.json.encode(answer), headers)

    def _note_success(self, minted: Minted, tenant: str | None, scope: Scope, seconds: float) -> None:
        """Write the one log line of this request, and count it."""
        self._observer.mint_ended("succeeded", "", seconds)
        fields = self._fields(scope, _OK, seconds)
        if tenant is not None:
            fields["tenant"] = tenant
        self._log.info(
            "mint.succeeded",
            session_id=own_session_id(minted.session_id, tenant),
            model=minted.model,
            replayed=minted.replayed,
            **fields,
        )

    def _note_failure(self, code: str, cause: Exception, scope: Scope, status: int, seconds: float) -> None:
        """Write the one log line of this request, and count it."""
        failed = status >= _SERVER_ERROR
        self._observer.mint_ended("failed" if failed else "refused", code, seconds)
        fields = self._fields(scope, status, seconds)
        if isinstance(cause, UpstreamError):
            fields |= {"reason": cause.reason, "upstream_status": cause.status}
        if code == "internal_error":
            self._log.error("request.crashed", exc_info=cause, code=code, path=scope["path"], **fields)
        elif failed:
            self._log.error("mint.failed", code=code, reference=f"/errors/{code}", **fields)
        else:
            self._log.warning("mint.refused", code=code, reference=f"/errors/{code}", **fields)

    def _fields(self, scope: Scope, status: int, seconds: float) -> dict[str, object]:
        context, headers = context_of(scope), headers_of(scope)
        fields: dict[str, object] = {
            "request_id": context.request_id,
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
            "ip": context.ip,
        }
        for name, header in _CLIENT_HEADERS:
            if header in headers and _CLIENT.match(headers[header]):
                fields[name] = headers[header].decode()
        if self._keep_user_agent and context.user_agent:
            fields["user_agent"] = context.user_agent
        return fields


def repeat_of(headers: Headers, principal: Principal, context: RequestContext, body: bytes) -> Repeat | None:
    """Return what makes two requests the same one, None where the client does not say.

    Raises:
        Refusal: `invalid_request`, for a header that breaks its rule.
    """
    value = headers.get(b"idempotency-key")
    if value is None:
        return None
    if not _IDEMPOTENCY_KEY.match(value):
        message = "Idempotency-Key: must be one value of 1–255 visible ASCII characters"
        raise Refusal("invalid_request", message=message)
    # Many people can share an address, so an anonymous caller is told by the user agent as well.
    scope_name = f"{context.ip}\0{context.user_agent}" if principal.anonymous else principal.account
    return Repeat(scope=scope_name, key=Secret(value.decode()), body=body)
