"""Lets pages of any origin call the sandbox, as upstream does (https://fetch.spec.whatwg.org/#http-cors-protocol).

There are no cookies, so a page can do no more than one who has the key; and a sandbox has nothing to protect.
"""

from typing import Final

from limi.sandbox.http.headers import ASGIApp, Scope
from limi.sandbox.transports.websocket import Message, Receive, Send

__all__ = ["AnyOrigin"]

# By name: a wildcard does not cover Authorization.
_ALLOWED: Final = (
    b"authorization, content-type, accept, openai-organization, openai-project, openai-safety-identifier, "
    b"x-openai-agents-sdk, x-limi-fault"
)
_STAINLESS: Final = (
    b", x-stainless-lang, x-stainless-package-version, x-stainless-os, x-stainless-arch, x-stainless-runtime, "
    b"x-stainless-runtime-version, x-stainless-retry-count, x-stainless-timeout, x-stainless-helper-method"
)
_EXPOSED: Final = b"location, x-request-id, openai-version, openai-processing-ms, retry-after, retry-after-ms"
_ORIGIN: Final = (b"access-control-allow-origin", b"*")
_PREFLIGHT: Final = [
    _ORIGIN,
    (b"access-control-allow-methods", b"GET, POST, DELETE, OPTIONS"),
    (b"access-control-allow-headers", _ALLOWED + _STAINLESS),
    (b"access-control-max-age", b"600"),
]


class AnyOrigin:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight; pass anything else on, and let every page read the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        names = {name for name, _ in scope["headers"]}
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in names:
            await send({"type": "http.response.start", "status": 204, "headers": [*_PREFLIGHT]})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [_ORIGIN, (b"access-control-expose-headers", _EXPOSED)]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, send_readable)
