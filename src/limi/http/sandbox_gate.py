"""Limits on what the sandbox inside this process answers: connections per minute, as the real thing would have."""

import math

from limi.features.rate_limits.service import RateLimiter
from limi.http.asgi import ASGIApp, Receive, Scope, Send
from limi.http.authentication import anonymous
from limi.http.context import context_of
from limi.http.errors import Refusal
from limi.http.ports import MintObserver

__all__ = ["SandboxGate"]


class SandboxGate:
    """Stands before the sandbox; handshakes and offers are counted, all else passes."""

    def __init__(self, sandbox: ASGIApp, *, limiter: RateLimiter, observer: MintObserver) -> None:
        self._sandbox = sandbox
        self._limiter = limiter
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            Refusal: `rate_limit_exceeded`, for the envelope to render.
        """
        offers = scope["path"].endswith("/realtime/calls") and scope.get("method") == "POST"
        if offers or scope["type"] == "websocket":
            await self._admit(scope)
        await self._sandbox(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        # Ephemeral keys name nobody, so the address does.
        decision = await self._limiter.admit_connection(anonymous(context_of(scope).ip))
        self._observer.limit_decided("connect", admitted=decision.admitted)
        if not decision.admitted:
            raise Refusal("rate_limit_exceeded", retry_after_ms=math.ceil(decision.reset_seconds * 1000))
