"""A response as bytes (RFC 9112): its head, and how the end of its body is told.

Limi's responses have fifteen headers, nearly all the same every time. So each header's line is made, and checked,
once: looking at every one of them with two regular expressions was half of what the server cost a mint.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from limi.http.asgi import Header, Message
from limi.http.context import is_openai_path
from limi.http.errors import Refusal, render_error

__all__ = ["Framing", "frame", "head_bytes", "refusal_bytes", "whole_response"]

_BAD_NAME: Final = re.compile(rb"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")
"""What may not be in a name: all but the characters of a token (RFC 9110 §5.6.2)."""
_BAD_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""What may not be in a value: every control character but the tab (RFC 9110 §5.5)."""
_STEERING: Final = frozenset({b"connection", b"transfer-encoding"})
"""Headers that say how the connection is used; a response with one is not written the short way."""
_WITHOUT_BODY: Final = frozenset({204, 304})
_BREAKS_OUT: Final = "a header's name or value holds what would break out of its line"
_NEVER_AGAIN: Final = frozenset({b"x-request-id", b"ratelimit-remaining"})
"""Headers of nearly every response whose values hardly come twice."""
_MAX_LINES: Final = 1024
"""Lines remembered. Past it all are forgotten, since making a response's dozen again costs less than an order."""


@dataclass(slots=True)
class Framing:
    """How the parts of one body are written."""

    has_body: bool
    """False for answers that have none by their method or status, whatever the application sends."""
    left: int | None
    """Bytes that are still to come, where the length was told beforehand."""
    chunked: bool
    """Whether parts are chunks. Without length and chunks the end of the connection is the body's."""
    closes: bool
    """Whether the connection ends with the response."""

    def part(self, body: bytes, *, is_last: bool) -> bytes:
        """Return the bytes of a part.

        Raises:
            RuntimeError: the body is longer or shorter than its head says.
        """
        if not self.has_body:
            return b""
        if self.chunked:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return chunk + b"0\r\n\r\n" if is_last else chunk
        if self.left is not None:
            self.left -= len(body)
            if self.left < 0 or (is_last and self.left):
                raise RuntimeError("the body is not as long as its content-length says")
        return body


def whole_response(
    status: int, headers: Iterable[Header], defaults: list[Header], body: bytes, *, method: str
) -> bytes | None:
    """Return a response whose body is whole, or None where it takes more than head and body.

    Raises:
        RuntimeError: a header would break out of its line.
    """
    if method == "HEAD" or status in _WITHOUT_BODY:
        return None
    try:
        lines = b"".join(map(_LINES.__getitem__, (*defaults, *headers)))
    except (KeyError, TypeError):  # The latter for a header that is a list, which ASGI allows.
        return None
    start = _STATUS_LINES[status] + lines + b"\r\n"
    # Not by `in`, which takes bytes for a number first, and drops an error each time.
    return start + body if start.find(b"\r\ncontent-length: %d\r\n" % len(body)) > 0 else None


def frame(
    head: Message, defaults: list[Header], *, method: str, version: str, keep_alive: bool
) -> tuple[bytes, Framing]:
    """Return the bytes of any head, and how its body is to be written.

    Args:
        head: the application's `http.response.start`.
        defaults: headers before its own.
        method: of the request.
        version: of the request; HTTP/1.0 knows no chunks.
        keep_alive: whether the connection may stay.

    Raises:
        RuntimeError: a header would break out of its line, or the length is no number.
    """
    headers = [(name.lower(), value) for name, value in (*defaults, *head.get("headers", ()))]
    told = dict(headers)
    closes = not keep_alive
    if not closes and b"close" in (token.strip() for token in told.get(b"connection", b"").lower().split(b",")):
        closes = True
    elif closes and b"connection" not in told:
        headers.append((b"connection", b"close"))
    has_body = method != "HEAD" and head["status"] not in _WITHOUT_BODY
    length = told.get(b"content-length")
    chunked = told.get(b"transfer-encoding", b"").lower() == b"chunked"
    if has_body and length is None and not chunked:
        chunked = version != "1.0"
        if chunked:
            headers.append((b"transfer-encoding", b"chunked"))
        elif not closes:
            headers.append((b"connection", b"close"))
            closes = True
    left = None if length is None or chunked else _number(length)
    return head_bytes(head["status"], headers), Framing(has_body, left, chunked, closes)


def head_bytes(status: int, headers: list[Header]) -> bytes:
    """Return the bytes of a head.

    Raises:
        RuntimeError: a header would break out of its line.
    """
    return b"".join((_STATUS_LINES[status], *(_line(name, value) for name, value in headers), b"\r\n"))


def refusal_bytes(refusal: Refusal, *, request_id: str, path: str) -> bytes:
    """Return the last response of a connection, in the shape of errors at `path`."""
    answer = render_error(refusal, request_id=request_id, openai_shape=is_openai_path(path))
    headers = [
        *answer.headers,
        (b"x-request-id", request_id.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"connection", b"close"),
    ]
    return head_bytes(answer.status, headers) + answer.body


def _line(name: bytes, value: bytes) -> bytes:
    if _BAD_VALUE.search(value):
        raise RuntimeError(_BREAKS_OUT)
    return _line_start(name) + value + b"\r\n"


@lru_cache(maxsize=256)
def _line_start(name: bytes) -> bytes:
    if not name or _BAD_NAME.search(name):
        raise RuntimeError(_BREAKS_OUT)
    return name.lower() + b": "


def _number(length: bytes) -> int:
    if not length.isdigit():
        raise RuntimeError("content-length is no number")
    return int(length)


def _status_line(status: int) -> bytes:
    known = status in set(HTTPStatus)
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase if known else ''}\r\n".encode()


class _Lines(dict[Header, bytes]):
    """Each header's line, but for those that would only push out the others."""

    def __missing__(self, header: Header) -> bytes:
        """Make the line.

        Raises:
            KeyError: the header steers the connection.
            RuntimeError: it would break out of its line.
        """
        if header[0] in _NEVER_AGAIN:
            return _line(*header)
        if header[0].lower() in _STEERING:
            raise KeyError(header)
        if len(self) >= _MAX_LINES:
            self.clear()
        line = self[header] = _line(*header)
        return line


_STATUS_LINES: Final = {status: _status_line(status) for status in range(100, 600)}
_LINES: Final = _Lines()
