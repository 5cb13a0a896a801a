"""Faults at the edge: what goes wrong with a request or a handshake, whichever route answers it.

`FaultInjection` stands around the sandbox's applications, so that no route knows of faults. Rules come from
whoever starts the sandbox, from the admin route, or with one request in its header `X-Limi-Fault`; the last ones
hold for that request, and for the session that it begins.
"""

import math
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs

import structlog

from limi.kernel.secret import Secret
from limi.protocol import ProtocolError, RealtimeSession
from limi.sandbox.faults.broken_socket import BrokenSocket
from limi.sandbox.faults.events import FaultyTap
from limi.sandbox.faults.half_response import HalfResponse
from limi.sandbox.faults.header import rules_of_request
from limi.sandbox.faults.routes import FaultRoutes
from limi.sandbox.faults.rules import FaultRule, FaultRules, Place, What
from limi.sandbox.http.answers import answer
from limi.sandbox.http.errors import HTTPError, error_response_body
from limi.sandbox.http.headers import ASGIApp, Scope
from limi.sandbox.interference import Tap
from limi.sandbox.sleep import Sleep
from limi.sandbox.transports.websocket import Receive, Send

__all__ = ["FaultInjection"]

_log = structlog.get_logger(__name__)

_PLACES: Final = MappingProxyType(
    {
        "/v1/realtime/client_secrets/": Place.MINT,
        "/v1/models/": Place.MODELS,
        "/v1/realtime/calls/": Place.CALLS,
    }
)
_EXPIRED: Final = "ek_" + "0" * 32
"""A client secret that was never minted: a sandbox answers it as it answers one that has expired."""
_INVALID: Final = "invalid_request_error"
_SERVER_ERROR: Final = 500
_TRY_AGAIN: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_REFUSALS: Final = MappingProxyType({401: ("invalid_api_key", _INVALID), 429: ("rate_limit_exceeded", "requests")})
"""Code and type of those refusals that clients tell apart by them."""

Effect = Callable[[FaultRule, ASGIApp, Scope, Receive, Send], Awaitable[None]]


class FaultInjection:
    """Lets go wrong what rules say; an `Interference` for `create_sandbox`."""

    def __init__(self, *, rules: FaultRules, sleep: Sleep, api_key: Secret | None = None) -> None:
        """Obey rules.

        Args:
            rules: Those of everybody; more may be added at any time.
            sleep: How latency passes; the sandbox's own, so that a virtual clock moves it.
            api_key: The one standard key that may use the admin route; None accepts any.
        """
        self.rules = rules
        self._sleep = sleep
        self._routes = FaultRoutes(rules=rules, api_key=api_key)
        # One for each instance, because two sandboxes may run in one process.
        self._own: ContextVar[FaultRules | None] = ContextVar("limi_own_faults", default=None)
        self._open: set[BrokenSocket] = set()

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return an application that does what the rules say, and calls `app` for the rest."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and self._routes.has(scope["path"]):
                await self._routes(scope, receive, send)
                return
            await self._call(app, scope, receive, send)

        return faulty

    def tap(self, session: RealtimeSession) -> Tap:  # noqa: ARG002 - every session is treated alike
        """Return the tap of a new session, which obeys the rules of the request that begins it as well."""
        own = self._own.get()
        return FaultyTap(*(() if own is None else (own,)), self.rules)

    def release(self) -> None:
        """Cut the sockets that are held."""
        for socket in self._open:
            socket.release()

    async def _call(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        here = _place(scope)
        if here is None:
            await app(scope, receive, send)
            return
        try:
            own = rules_of_request(scope, here=here)
        except ProtocolError as error:
            await answer(scope, receive, send, status=400, body=error_response_body(error))
            return
        token = self._own.set(own)
        try:
            await self._harmed(app, [*own.take(here), *self.rules.take(here)])(scope, receive, send)
        finally:
            self._own.reset(token)

    def _harmed(self, app: ASGIApp, rules: list[FaultRule]) -> ASGIApp:
        """Put one effect around the application for each rule; the first rule's is the outermost."""
        effects: dict[What, Effect] = {
            What.LATENCY: self._delay,
            What.REFUSE: _refuse,
            What.EXPIRED_KEY: _expire_key,
            What.MALFORMED: _cut,
            What.DROP: self._break,
            What.STALL: self._break,
            What.HALF_OPEN: self._break,
        }
        for rule in reversed(rules):
            _log.info("sandbox.fault", where=rule.where.value, what=rule.what.value)
            app = partial(effects[rule.what], rule, app)
        return app

    async def _delay(self, rule: FaultRule, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await self._sleep(rule.ms / 1000 if isinstance(rule.ms, int) else 0)
        await app(scope, receive, send)

    async def _break(self, rule: FaultRule, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _cut(rule, app, scope, receive, send)
            return
        socket = BrokenSocket(rule, sleep=self._sleep)
        self._open.add(socket)
        try:
            await socket.carry(app, scope, receive, send)
        finally:
            self._open.discard(socket)


async def _refuse(rule: FaultRule, _: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    status = rule.status if isinstance(rule.status, int) else _SERVER_ERROR
    code, kind = _REFUSALS.get(status, ("server_error",) * 2 if status >= _SERVER_ERROR else (None, _INVALID))
    error = HTTPError(status, "This refusal is a fault that was asked for.", code=code, kind=kind)
    headers = []
    if status in _TRY_AGAIN:
        seconds = rule.retry_after_seconds if isinstance(rule.retry_after_seconds, int | float) else 1
        headers = _retry_headers(seconds)
    await answer(scope, receive, send, status=status, body=error_response_body(error), headers=headers)


async def _expire_key(_: FaultRule, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let the client appear with a client secret that is not valid any more, in the place of its own key."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    expired = {**scope, "headers": [*headers, (b"authorization", f"Bearer {_EXPIRED}".encode())]}
    await app(expired, receive, send)


async def _cut(rule: FaultRule, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    response = HalfResponse(send, is_complete=rule.what is What.MALFORMED)
    await app(scope, receive, response.send)


def _retry_headers(seconds: float) -> list[tuple[bytes, bytes]]:
    """Return what OpenAI says about trying again: whole seconds, milliseconds, and the window that is used up."""
    limits = {"limit-requests": "1", "remaining-requests": "0", "reset-requests": f"{seconds:g}s"}
    headers = {
        "retry-after": str(math.ceil(seconds)),
        "retry-after-ms": str(round(seconds * 1000)),
        **{f"x-ratelimit-{name}": value for name, value in limits.items()},
    }
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _place(scope: Scope) -> Place | None:
    path: str = scope["path"]
    if scope["type"] == "websocket":
        return Place.SIDEBAND if "call_id" in parse_qs(scope["query_string"].decode("latin-1")) else Place.SOCKET
    if scope["method"] == "OPTIONS":
        # What a browser asks before it asks; a page could not see any fault but the one that it may not ask.
        return None
    return next((place for prefix, place in _PLACES.items() if (path + "/").startswith(prefix)), None)
