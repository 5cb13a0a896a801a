"""What every request passes through, in one ASGI wrapper rather than a stack of middlewares.

It counts, chooses the request id, checks Host and Origin, answers preflights, adds the security headers, and turns
a bug into `internal_error`. Then the request goes to the hand-written route of its path, to what is mounted at its
prefix, or to the framework's routes.
"""

from collections.abc import Awaitable, Mapping
from types import MappingProxyType
from typing import Final

import structlog

from limi.http.addresses import ClientAddresses, Hosts
from limi.http.asgi import (
    ASGIApp,
    Header,
    Headers,
    Message,
    RawResponse,
    Receive,
    Scope,
    Send,
    Whole,
    headers_of,
)
from limi.http.authentication import anonymous
from limi.http.context import RequestContext, choose_request_id, context_of, is_openai_path, put_context
from limi.http.cors import CORS
from limi.http.errors import Refusal, as_refusal, render_error
from limi.http.ports import RequestObserver
from limi.http.refusal_audit import RefusalAudit
from limi.http.wrong_credentials import WrongCredentials
from limi.kernel.clock import Clock
from limi.kernel.ids import Ids

__all__ = ["Envelope"]

_log = structlog.get_logger()

_SECURITY_HEADERS: Final[Headers] = MappingProxyType(
    {
        b"x-content-type-options": b"nosniff",
        b"x-frame-options": b"DENY",
        b"referrer-policy": b"no-referrer",
        # Pages carry their own style and no script; an API answer that a browser shows can do nothing.
        b"content-security-policy": (
            b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
        ),
    }
)
_NAME: Final = "path_template"
"""Where Litestar leaves the template of the route that it found."""
_NO_ROUTE: Final = "none"
_PREFLIGHT: Final = "preflight"
_SWITCHING: Final = 101
"""The status of a handshake that was accepted, which ASGI does not name."""
_HSTS: Final[Headers] = MappingProxyType({b"strict-transport-security": b"max-age=31536000"})


class Envelope:
    """The outermost ASGI application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: Mapping[str, ASGIApp],
        mounts: Mapping[str, ASGIApp],
        hosts: Hosts,
        addresses: ClientAddresses,
        cors: CORS,
        https: bool,
        wrong_credentials: WrongCredentials,
        refusals: RefusalAudit,
        observer: RequestObserver,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._app = app
        self._routes = routes
        self._mounts = mounts
        self._hosts = hosts
        self._addresses = addresses
        self._cors = cors
        self._security = {**_SECURITY_HEADERS, **(_HSTS if https else {})}
        self._wrong_credentials = wrong_credentials
        self._refusals = refusals
        self._observer = observer
        self._clock = clock
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass the server's start and stop through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        kind, path, reply = scope["type"], scope["path"], _Reply(send)
        began = self._clock.monotonic()
        self._observer.request_began(kind)
        try:
            early = self._examine(scope, reply)
            if early is None:
                await self._route(scope)(scope, receive, reply)
            else:
                await _send(early, scope, reply)
        except Exception as exc:  # noqa: BLE001 - every failure is answered in the one shape
            await self._fail(exc, scope, reply)
        finally:
            seconds = self._clock.monotonic() - began
            method = scope.get("method", "GET")
            self._observer.request_ended(kind, self._name(path, scope), method, reply.status, seconds)

    def _examine(self, scope: Scope, reply: "_Reply") -> RawResponse | None:
        """Note what is known of a request; return the answer of one that goes no further."""
        headers = headers_of(scope)
        base_url = self._hosts.base_url(scope["scheme"], headers.get(b"host", b""))
        agent = headers.get(b"user-agent")
        context = RequestContext(
            request_id=choose_request_id(headers.get(b"x-request-id"), self._ids),
            ip=self._addresses.find(scope),
            base_url=base_url or self._hosts.public_url or "",
            user_agent=agent.decode("latin-1")[:512] if agent else None,
        )
        put_context(scope, context)
        reply.extra = {b"x-request-id": context.request_id.encode(), **self._security}
        if base_url is None:
            return self._refused(Refusal("host_not_allowed"), scope)
        origin = headers.get(b"origin")
        return self._check_origin(origin, scope, reply) if origin else None

    def _check_origin(self, origin: bytes, scope: Scope, reply: "_Reply") -> RawResponse | None:
        """Let the page of `origin` read the answer; return that of a preflight, or of a page that may not call."""
        if not self._cors.allows(origin, base_url=context_of(scope).base_url):
            refusal = Refusal("forbidden", message="origin: pages of this origin may not call this server")
            return self._refused(refusal, scope)
        for_sdks = is_openai_path(scope["path"])
        if scope["type"] == "http" and self._cors.is_preflight(scope):
            scope[_NAME] = _PREFLIGHT
            return RawResponse(204, b"", CORS.preflight_headers(origin, for_sdks=for_sdks))
        reply.extra.update(CORS.response_headers(origin, for_sdks=for_sdks))
        return None

    async def _fail(self, error: Exception, scope: Scope, reply: "_Reply") -> None:
        """Answer what a route raised; where its answer has begun, that is the server's to end."""
        refusal, context = as_refusal(error), context_of(scope)
        if refusal.code == "internal_error":
            _log.error("request.crashed", request_id=context.request_id, path=scope["path"], exc_info=error)
        if reply.started:
            raise error
        self._refusals.note(refusal.code, scope, refusal.by or anonymous(context.ip))
        refusal = await self._wrong_credentials.count(scope, refusal)
        await _send(self._refused(refusal, scope), scope, reply)

    def _refused(self, refusal: Refusal, scope: Scope) -> RawResponse:
        self._observer.error_answered(refusal.code)
        context, path = context_of(scope), scope.get("root_path", "") + scope["path"]
        return render_error(
            refusal,
            request_id=context.request_id,
            base_url=context.base_url,
            openai_shape=is_openai_path(path),
        )

    def _name(self, path: str, scope: Scope) -> str:
        """Return the route that `path` led to, for the metrics: one of a closed set, whatever clients ask for."""
        # The framework leaves its template there; what it does not know has none.
        name: str | None = scope.get(_NAME)
        if name is not None:
            return name
        if path in self._routes:
            return path
        for prefix in self._mounts:
            if path.startswith(prefix + "/"):
                return f"{prefix}/*"
        return _NO_ROUTE

    def _route(self, scope: Scope) -> ASGIApp:
        """Return who answers; a mounted application sees its own paths only (ASGI's `root_path`)."""
        path: str = scope["path"]
        route = self._routes.get(path)
        if route and scope["type"] == "http":
            return route
        for prefix, app in self._mounts.items():
            if path.startswith(prefix + "/"):
                scope["root_path"] = scope.get("root_path", "") + prefix
                scope["path"] = path[len(prefix) :]
                return app
        return self._app


class _Reply:
    """Sends on, with the headers that every response has added to the first message."""

    __slots__ = ("_send", "_whole", "extra", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._whole: Whole | None = getattr(send, "whole", None)
        self.extra: dict[bytes, bytes] = {}
        self.status: int | None = None

    @property
    def started(self) -> bool:
        """Whether an answer has begun."""
        return self.status is not None

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] in _STARTS:
            self.status = message.get("status", _SWITCHING)
            message["headers"] = self._with_extra(list(message.get("headers", ())))
        return self._send(message)

    def whole(self, status: int, headers: list[Header], body: bytes) -> bool:
        """Pass a whole response on to a server that takes such; see `RawResponse.send`."""
        if self._whole is None or not self._whole(status, self._with_extra(headers), body):
            return False
        self.status = status
        return True

    def _with_extra(self, headers: list[Header]) -> list[Header]:
        for name, _ in headers:
            self.extra.pop(name, None)
        return [*headers, *self.extra.items()]


_STARTS: Final = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


async def _send(response: RawResponse, scope: Scope, send: Send) -> None:
    """Send a response; to a handshake by ASGI's websocket denial extension, which uvicorn has."""
    if scope["type"] != "websocket":
        await response.send(send)
        return
    await send({"type": "websocket.http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "websocket.http.response.body", "body": response.body})
