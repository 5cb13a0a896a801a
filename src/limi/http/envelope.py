"""What every request passes through, in one ASGI wrapper rather than a stack of middlewares.

It counts, chooses the request id, checks Host and Origin, answers preflights, adds the security headers, and turns
a bug into `internal_error`. Then the request goes to the hand-written route of its path, to what is mounted at its
prefix, or to the framework's routes.
"""

from collections.abc import Awaitable, Mapping
from typing import Final

import structlog

from limi.http.addresses import ClientAddresses, Hosts
from limi.http.asgi import ASGIApp, Header, Message, RawResponse, Receive, Scope, Send, headers_of
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

_SECURITY_HEADERS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    # Pages carry their own style and no script; an API answer that a browser shows can do nothing.
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    ),
)
_NAME: Final = "path_template"
"""Where Litestar leaves the template of the route that it found."""
_NO_ROUTE: Final = "none"
_PREFLIGHT: Final = "preflight"
_SWITCHING: Final = 101
"""The status of a handshake that was accepted, which ASGI does not name."""
_HSTS: Final[Header] = (b"strict-transport-security", b"max-age=31536000")


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
        self._security = (*_SECURITY_HEADERS, _HSTS) if https else _SECURITY_HEADERS
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
            await self._handle(scope, receive, reply)
        finally:
            seconds = self._clock.monotonic() - began
            method = scope.get("method", "GET")
            self._observer.request_ended(kind, self._name(path, scope), method, reply.status, seconds)

    async def _handle(self, scope: Scope, receive: Receive, reply: "_Reply") -> None:
        request_id = choose_request_id(scope, self._ids)
        origin = headers_of(scope).get(b"origin")
        for_sdks = is_openai_path(scope["path"])
        base_url = self._hosts.base_url(scope)
        allowed = origin is not None and base_url is not None and self._cors.allows(origin, base_url=base_url)
        reply.extra = [(b"x-request-id", request_id.encode()), *self._security]
        if origin and allowed and scope["type"] == "http" and self._cors.is_preflight(scope):
            scope[_NAME] = _PREFLIGHT
            await RawResponse(204, b"", CORS.preflight_headers(origin, for_sdks=for_sdks)).send(reply)
            return
        if allowed and origin:
            reply.extra += CORS.response_headers(origin, for_sdks=for_sdks)
        if base_url is None:
            await self._refuse(Refusal("host_not_allowed"), scope, reply, request_id)
        elif origin and not allowed:
            refusal = Refusal("forbidden", message="origin: pages of this origin may not call this server")
            await self._refuse(refusal, scope, reply, request_id, base_url)
        else:
            put_context(scope, self._context(scope, request_id, base_url))
            await self._answer(scope, receive, reply, request_id, base_url)

    def _context(self, scope: Scope, request_id: str, base_url: str) -> RequestContext:
        agent = headers_of(scope).get(b"user-agent")
        return RequestContext(
            request_id=request_id,
            ip=self._addresses.find(scope),
            base_url=base_url,
            user_agent=agent.decode("latin-1")[:512] if agent else None,
        )

    async def _answer(
        self, scope: Scope, receive: Receive, reply: "_Reply", request_id: str, base_url: str
    ) -> None:
        try:
            await self._route(scope)(scope, receive, reply)
        except Exception as exc:
            refusal = as_refusal(exc)
            if refusal.code == "internal_error":
                _log.exception("request.crashed", request_id=request_id, path=scope["path"])
            if reply.started:
                raise
            self._refusals.note(refusal.code, scope, refusal.by or anonymous(context_of(scope).ip))
            refusal = await self._wrong_credentials.count(scope, refusal)
            await self._refuse(refusal, scope, reply, request_id, base_url)

    async def _refuse(
        self, refusal: Refusal, scope: Scope, send: Send, request_id: str, base_url: str = ""
    ) -> None:
        self._observer.error_answered(refusal.code)
        path = scope.get("root_path", "") + scope["path"]
        openai_shape = is_openai_path(path)
        response = render_error(refusal, request_id=request_id, base_url=base_url, openai_shape=openai_shape)
        if scope["type"] == "websocket":
            await _refuse_handshake(response, send)
        else:
            await response.send(send)

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

    __slots__ = ("_send", "extra", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.extra: list[Header] = []
        self.status: int | None = None

    @property
    def started(self) -> bool:
        """Whether an answer has begun."""
        return self.status is not None

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] in _STARTS:
            self.status = message.get("status", _SWITCHING)
            own = list(message.get("headers", ()))
            names = dict(own)
            message["headers"] = own + [header for header in self.extra if header[0] not in names]
        return self._send(message)


_STARTS: Final = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


async def _refuse_handshake(response: RawResponse, send: Send) -> None:
    """Answer a handshake with an ordinary response (ASGI's websocket denial extension, which uvicorn has)."""
    await send({"type": "websocket.http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "websocket.http.response.body", "body": response.body})
