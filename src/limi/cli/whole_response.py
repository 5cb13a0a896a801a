"""Sends a response that is whole in one piece, and with lines that were made before.

uvicorn looks at each header of each response with two regular expressions. Limi's responses have fifteen headers,
nearly all the same every time, so that this was half of what the server cost a mint. Here a header's line is made,
and checked, once. Whatever is not plain goes uvicorn's own way.
"""

from collections.abc import Awaitable
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

from limi.http.asgi import ASGIApp, Header, Message, Receive, Scope, Send

__all__ = ["WholeResponse", "answering_whole"]

_STEERING: Final = frozenset({b"connection", b"transfer-encoding"})
"""Headers that tell the server what to do with the connection; uvicorn knows how."""
_WITHOUT_BODY: Final = frozenset({204, 304})
_MAX_LINES: Final = 1024
"""Lines remembered. Past it all are forgotten, since making a response's dozen again costs less than an order."""


def answering_whole(app: ASGIApp, cycle: RequestResponseCycle) -> ASGIApp:
    """Return `app` with a `send` that knows the cycle it answers in."""

    def answer(scope: Scope, receive: Receive, _send: object) -> Awaitable[None]:
        return app(scope, receive, WholeResponse(cycle))

    return answer


class WholeResponse:
    """ASGI's `send` for one request.

    The head waits for the first part of the body, as the specification asks
    (https://asgi.readthedocs.io/en/latest/specs/www.html#response-start-send-event).
    """

    __slots__ = ("_cycle", "_head", "_send")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._send = cast("Send", cycle.send)
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Take one message of the application."""
        cycle, head = self._cycle, self._head
        if head is None:
            if message["type"] == "http.response.start" and not cycle.response_started:
                self._head = message
            else:
                await self._send(message)
            return
        self._head = None
        whole = _bytes(cycle, head, message)
        if whole is None:
            await self._send(head)
            await self._send(message)
        else:
            _finish(cycle, whole)


def _bytes(cycle: RequestResponseCycle, head: Message, last: Message) -> bytes | None:
    """Return the response, or None where it takes more than writing these bytes and nothing else."""
    body: bytes = last.get("body", b"")
    plain = cycle.keep_alive and not (cycle.disconnected or cycle.flow.write_paused or last.get("more_body"))
    if not plain or cycle.scope["method"] == "HEAD" or head["status"] in _WITHOUT_BODY:
        return None
    try:
        lines = b"".join(map(_LINES.__getitem__, (*cycle.default_headers, *head["headers"])))
    except (KeyError, TypeError):  # The latter for a header that is a list, which ASGI allows.
        return None
    start = STATUS_LINE[head["status"]] + lines + b"\r\n"
    return start + body if b"\r\ncontent-length: %d\r\n" % len(body) in start else None


class _Lines(dict[Header, bytes]):
    """Each header's line; those of every response stay remembered beside the ids that never come again."""

    def __missing__(self, header: Header) -> bytes:
        """Make the line.

        Raises:
            KeyError: the header steers the server.
            RuntimeError: it would break out of its line.
        """
        name, value = header
        if name in _STEERING:
            raise KeyError(header)
        if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
            raise RuntimeError("a header's name or value holds what would break out of its line")
        if len(self) >= _MAX_LINES:
            self.clear()
        line = self[header] = name.lower() + b": " + value + b"\r\n"
        return line


_LINES: Final = _Lines()


def _finish(cycle: RequestResponseCycle, whole: bytes) -> None:
    """Do what uvicorn does once a response is complete."""
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(whole)
    cycle.message_event.set()
    cycle.on_response()
