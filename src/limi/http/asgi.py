"""The few ASGI types and helpers that the hand-written routes share (https://asgi.readthedocs.io/en/latest/specs/)."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, cast

from litestar import Request

__all__ = [
    "ASGIApp",
    "Header",
    "Message",
    "RawResponse",
    "Receive",
    "Scope",
    "Send",
    "find_header",
    "find_headers",
]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

_NO_CONTENT: Final = 204


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A whole response, ready to be sent."""

    status: int
    body: bytes
    headers: list[Header]

    async def send(self, send: Send) -> None:
        """Send head and body; a 204 has neither body nor length (RFC 9110 §8.6)."""
        length = [(b"content-length", str(len(self.body)).encode())] if self.status != _NO_CONTENT else []
        await send({"type": "http.response.start", "status": self.status, "headers": [*self.headers, *length]})
        await send({"type": "http.response.body", "body": self.body})


def find_header(headers: Iterable[Header], name: bytes) -> bytes | None:
    """Return the first value of a header; servers give `headers` with names in lower case."""
    for key, value in headers:
        if key == name:
            return value
    return None


def find_headers(headers: Iterable[Header], name: bytes) -> list[bytes]:
    """Return every value of a header in order of arrival."""
    return [value for key, value in headers if key == name]


def scope_of(request: Request[Any, Any, Any]) -> Scope:
    """Return the scope of a Litestar request under ASGI's own, wider type."""
    return cast("Scope", request.scope)
