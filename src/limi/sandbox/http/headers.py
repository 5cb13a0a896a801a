"""The headers every answer of OpenAI's bears, added around the whole application."""

from collections.abc import Awaitable, Callable
from typing import Final

from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.sandbox.transports.websocket import Message, Receive, Send

__all__ = ["ASGIApp", "OpenAIHeaders", "Scope"]

Scope = Message
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_RESPONSE_STARTS: Final = frozenset({"http.response.start", "websocket.http.response.start"})
_VERSION: Final = b"2020-10-01"
_ID_CHARACTERS: Final = 32


class OpenAIHeaders:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp, *, clock: Clock, ids: Ids) -> None:
        self._app = app
        self._clock = clock
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and send its answer with the three headers."""
        begun = self._clock.monotonic()
        request_id = f"req_{self._ids.hex(_ID_CHARACTERS)}".encode()

        async def send_with_headers(message: Message) -> None:
            if message["type"] in _RESPONSE_STARTS:
                elapsed_ms = round((self._clock.monotonic() - begun) * 1000)
                added = [
                    (b"x-request-id", request_id),
                    (b"openai-version", _VERSION),
                    (b"openai-processing-ms", str(elapsed_ms).encode()),
                ]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, send_with_headers)
