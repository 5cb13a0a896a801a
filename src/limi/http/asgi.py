"""The few ASGI types and helpers that the hand-written routes share (https://asgi.readthedocs.io/en/latest/specs/)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final, cast

import msgspec
from litestar import Request

__all__ = [
    "WHOLE_BODY",
    "ASGIApp",
    "Header",
    "Headers",
    "Message",
    "RawResponse",
    "Receive",
    "Scope",
    "Send",
    "Whole",
    "headers_of",
]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]
Whole = Callable[[int, list[Header], bytes], bool]
"""Takes status, headers and body of a whole response, or returns False where it must be told by messages."""
Headers = Mapping[bytes, bytes]
"""A request's headers by lower-case name, as `headers_of` gives them."""

WHOLE_BODY: Final = "limi.body"
"""Where Limi's own server leaves, in a request's scope, a body that was complete before anyone asked for it."""

_HEADERS: Final = "limi.headers"

_NO_CONTENT: Final = 204


class RawResponse(msgspec.Struct, frozen=True):
    """A whole response, ready to be sent."""

    status: int
    body: bytes
    headers: list[Header]

    async def send(self, send: Send) -> None:
        """Send head and body; a 204 has neither body nor length (RFC 9110 §8.6).

        A `send` with a method `whole`, such as that of Limi's own server, is asked first to take all at once.
        """
        headers = self.headers
        if self.status != _NO_CONTENT:
            headers = [*headers, (b"content-length", b"%d" % len(self.body))]
        whole: Whole | None = getattr(send, "whole", None)
        if whole is not None and whole(self.status, headers, self.body):
            return
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def headers_of(scope: Scope) -> Headers:
    """Return the headers by lower-case name; those sent twice are joined by commas (RFC 9110 §5.3).

    A joined value does not pass for a single one where that matters: no host, credential or key holds a comma and
    a space. The answer is kept in the scope, because a request's headers are looked at a dozen times.
    """
    found: dict[bytes, bytes] | None = scope.get(_HEADERS)
    if found is None:
        sent = scope["headers"]
        found = dict(sent)
        if len(found) != len(sent):
            found = _joined(sent)
        scope[_HEADERS] = found
    return found


def scope_of(request: Request[Any, Any, Any]) -> Scope:
    """Return the scope of a Litestar request under ASGI's own, wider type."""
    return cast("Scope", request.scope)


def _joined(sent: Iterable[Header]) -> dict[bytes, bytes]:
    joined: dict[bytes, bytes] = {}
    for name, value in sent:
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined
