"""Reads a request's body within bounds of size and time."""

from functools import lru_cache

from limi.http.asgi import WHOLE_BODY, Receive, Scope, headers_of
from limi.http.deadlines import Deadlines
from limi.http.errors import Refusal

__all__ = ["ClientGoneError", "is_json", "read_body"]


class ClientGoneError(Exception):
    """The client closed the connection before its body was complete; there is nobody to answer."""


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int, deadlines: Deadlines) -> bytes:
    """Return the whole body.

    Raises:
        Refusal: `payload_too_large` past `max_bytes`, `request_timeout` past its deadline.
        ClientGoneError: the connection was closed.
    """
    # Nearly always there: to ask for it within a time would cost a hundredth of a mint.
    whole: bytes | None = scope.get(WHOLE_BODY)
    if whole is not None:
        return _fitting(whole, max_bytes)
    declared = headers_of(scope).get(b"content-length")
    # Twenty digits are more than any limit, and Python refuses to read thousands.
    if declared and declared.isdigit() and int(declared[:20]) > max_bytes:
        raise Refusal("payload_too_large")
    try:
        return await deadlines.keep(_read(receive, max_bytes))
    except TimeoutError:
        raise Refusal("request_timeout", headers=((b"connection", b"close"),)) from None


async def _read(receive: Receive, max_bytes: int) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk: bytes = message.get("body", b"")
        body = _fitting(body + chunk, max_bytes)
        if not message.get("more_body", False):
            return body


def _fitting(body: bytes, max_bytes: int) -> bytes:
    if len(body) > max_bytes:
        raise Refusal("payload_too_large")
    return body


@lru_cache(maxsize=256)
def is_json(content_type: bytes | None) -> bool:
    """Say whether a Content-Type is JSON's in UTF-8 (RFC 8259 §8.1)."""
    kind, *parameters = (part.strip() for part in (content_type or b"").decode("latin-1").lower().split(";"))
    charsets = [part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")]
    return kind == "application/json" and set(charsets) <= {"utf-8", "utf8"}
