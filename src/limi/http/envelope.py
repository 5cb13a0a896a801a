"""What every request passes through, in one ASGI wrapper rather than a stack of middlewares.

It chooses the request id, checks Host and Origin, answers preflights, adds the security headers, and turns a bug
into `internal_error`. Then the request goes to the hand-written route of its path, to the application mounted at
its prefix, or to the framework's routes.
"""

from collections.abc import Mapping
from typing import Final

import structlog

from limi.http.addresses import ClientAddresses, Hosts
from limi.http.asgi import ASGIApp, Header, Message, RawResponse, Receive, Scope, Send, headers_of
from limi.http.authentication import anonymous
from limi.http.context import RequestContext, choose_request_id, context_of, is_openai_path, put_context
from limi.http.cors import CORS
from limi.http.errors import Refusal, as_refusal, render_error
from limi.http.refusal_audit import RefusalAudit
from limi.http.wrong_credentials import WrongCredentials
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
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass the server's start and stop through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = choose_request_id(scope, self._ids)
        origin = headers_of(scope).get(b"origin")
        for_sdks = is_openai_path(scope["path"])
        base_url = self._hosts.base_url(scope)
        allowed = origin is not None and base_url is not None and self._cors.allows(origin, base_url=base_url)
        extra = [(b"x-request-id", request_id.encode()), *self._security]
        if allowed and origin:
            extra += CORS.response_headers(origin, for_sdks=for_sdks)
        reply = _Reply(send, extra)
        if base_url is None:
            await _refuse(Refusal("host_not_allowed"), scope, reply, request_id)
        elif origin and not allowed:
            refusal = Refusal("forbidden", message="origin: pages of this origin may not call this server")
            await _refuse(refusal, scope, reply, request_id, base_url)
        elif origin and scope["type"] == "http" and self._cors.is_preflight(scope):
            head = RawResponse(204, b"", CORS.preflight_headers(origin, for_sdks=for_sdks))
            await head.send(_Reply(send, [(b"x-request-id", request_id.encode()), *self._security]))
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
            context = context_of(scope)
            self._refusals.note(refusal.code, context, anonymous(context.ip))
            refusal = await self._wrong_credentials.count(scope, refusal)
            await _refuse(refusal, scope, reply, request_id, base_url)

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

    __slots__ = ("_extra", "_send", "started")

    def __init__(self, send: Send, extra: list[Header]) -> None:
        self._send = send
        self._extra = extra
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] in _STARTS:
            self.started = True
            own = {name for name, _ in message.get("headers", ())}
            added = [header for header in self._extra if header[0] not in own]
            message["headers"] = [*message.get("headers", ()), *added]
        await self._send(message)


_STARTS: Final = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


async def _refuse(refusal: Refusal, scope: Scope, send: Send, request_id: str, base_url: str = "") -> None:
    path = scope.get("root_path", "") + scope["path"]
    response = render_error(refusal, request_id=request_id, base_url=base_url, openai_shape=is_openai_path(path))
    if scope["type"] == "websocket":
        await _refuse_handshake(response, send)
    else:
        await response.send(send)


async def _refuse_handshake(response: RawResponse, send: Send) -> None:
    """Answer a handshake with an ordinary response (ASGI's websocket denial extension, which uvicorn has)."""
    await send({"type": "websocket.http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "websocket.http.response.body", "body": response.body})
