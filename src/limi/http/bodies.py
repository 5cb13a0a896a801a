"""Reads a request's body within bounds of size and time."""

import asyncio

from limi.http.asgi import Receive, Scope, find_header
from limi.http.errors import Refusal

__all__ = ["ClientGoneError", "is_json", "read_body"]


class ClientGoneError(Exception):
    """The client closed the connection before its body was complete; there is nobody to answer."""


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int, seconds: float) -> bytes:
    """Return the whole body.

    Raises:
        Refusal: `payload_too_large` past `max_bytes`, `request_timeout` past `seconds`.
        ClientGoneError: the connection was closed.
    """
    declared = find_header(scope["headers"], b"content-length")
    if declared and declared.isdigit() and int(declared) > max_bytes:
        raise Refusal("payload_too_large")
    try:
        async with asyncio.timeout(seconds):
            return await _read(receive, max_bytes)
    except TimeoutError:
        raise Refusal("request_timeout", headers=((b"connection", b"close"),)) from None


async def _read(receive: Receive, max_bytes: int) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) > max_bytes:
            raise Refusal("payload_too_large")
        if not message.get("more_body", False):
            return body


def is_json(content_type: bytes | None) -> bool:
    """Say whether a Content-Type is JSON's in UTF-8 (RFC 8259 §8.1)."""
    kind, _, parameters = (content_type or b"").decode("latin-1").lower().partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    return kind.strip() == "application/json" and charset in {"", "utf-8", "utf8"}
