"""What a request line asks for (RFC 9112 §3.2)."""

import re
from typing import Final

import msgspec

__all__ = ["Target", "read_target"]

_AUTHORITY_END: Final = re.compile(rb"[/?#]")


class Target(msgspec.Struct, frozen=True):
    """A request's target, as it was sent."""

    path: bytes
    query: bytes
    """What follows the first `?`; empty where there is none."""
    host: bytes | None = None
    """The authority of a target in absolute form, which counts in place of the Host header (RFC 9112 §3.2.2)."""


def read_target(url: bytes) -> Target:
    """Return the parts of a target in any of its forms; a fragment, which no client should send, is left out."""
    host = None
    if not url.startswith(b"/"):
        _, is_absolute, rest = url.partition(b"://")
        if is_absolute:
            end = _AUTHORITY_END.search(rest)
            host, url = (rest[: end.start()], rest[end.start() :]) if end else (rest, b"")
    path, _, query = url.partition(b"#")[0].partition(b"?")
    return Target(path or b"/", query, host)
