"""Limits on what the sandbox inside this process answers: connections per minute, as the real thing would have."""

from http import HTTPStatus
from typing import Final

from limi.features.rate_limits.service import RateLimiter
from limi.http.asgi import WHOLE_BODY, ASGIApp, Message, Receive, Scope, Send, headers_of
from limi.http.authentication import anonymous
from limi.http.bodies import ClientGoneError, read_body
from limi.http.context import context_of
from limi.http.deadlines import Deadlines
from limi.http.ports import MintObserver
from limi.http.rate_limits import too_many

__all__ = ["SandboxGate"]

_MAX_BODY_BYTES: Final = 1_048_576
"""An offer and its session are a few KiB; the longest instructions that upstream takes are 100."""


class SandboxGate:
    """Stands before the sandbox: counts handshakes, offers and wrong keys, bounds bodies, lets all else pass."""

    def __init__(
        self, sandbox: ASGIApp, *, limiter: RateLimiter, observer: MintObserver, body_seconds: float
    ) -> None:
        self._sandbox = sandbox
        self._limiter = limiter
        self._observer = observer
        self._deadlines = Deadlines(body_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            Refusal: `rate_limit_exceeded`, `payload_too_large` or `request_timeout`, for the envelope to render.
        """
        if scope["type"] == "websocket":
            await self._admit(scope)
            await self._sandbox(scope, receive, send)
            return
        counted = scope["path"].endswith("/realtime/calls") and scope.get("method") == "POST"
        if counted:
            await self._admit(scope)
        try:
            reader = await self._read_ahead(scope, receive)
        except ClientGoneError:
            return
        reply = _Withheld(send, withholds=not counted and b"authorization" in headers_of(scope))
        await self._sandbox(scope, reader, reply)
        if reply.messages:
            # The key was wrong. Had it come with an offer, that would have been counted already.
            await self._admit(scope)
            await reply.release()

    async def _read_ahead(self, scope: Scope, receive: Receive) -> Receive:
        """Read the body within bounds of size and time, of which the sandbox sets only the first."""
        headers = headers_of(scope)
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            return receive
        body = await read_body(scope, receive, max_bytes=_MAX_BODY_BYTES, deadlines=self._deadlines)
        if WHOLE_BODY in scope:
            return receive
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return unread.pop() if unread else await receive()

        return again

    async def _admit(self, scope: Scope) -> None:
        # Ephemeral keys name nobody, so the address does.
        decision = await self._limiter.admit_connection(anonymous(context_of(scope).ip))
        self._observer.limit_decided("connect", admitted=decision.admitted)
        if not decision.admitted:
            raise too_many(decision)


class _Withheld:
    """Sends on, but keeps a 401 back until it is known whether the address may have another one."""

    __slots__ = ("_send", "_withholds", "messages")

    def __init__(self, send: Send, *, withholds: bool) -> None:
        self._send = send
        self._withholds = withholds
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        is_refusal = message["type"] == "http.response.start" and message["status"] == HTTPStatus.UNAUTHORIZED
        if self.messages or (self._withholds and is_refusal):
            self.messages.append(message)
        else:
            await self._send(message)

    async def release(self) -> None:
        for message in self.messages:
            await self._send(message)
