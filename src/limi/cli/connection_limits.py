"""How much a connection may cost: settings, and what the process can afford."""

import sys
from dataclasses import dataclass
from typing import Final

from limi.kernel.settings import ServerSettings

__all__ = ["ConnectionLimits", "default_limits", "limits_of"]

_MOST_CONNECTIONS: Final = 10_000
"""A connection with half a head holds 7.4 KiB (measured), so that as many cost 74 MB; minting needs far fewer."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The bounds of one server; `ServerSettings` has the reasons."""

    head_bytes: int = 65_536
    """Longest head, and longest run of bytes within a body that are not body (trailers, for instance)."""
    head_seconds: float = 10.0
    """Longest wait for a head."""
    write_seconds: float = 30.0
    """Longest wait for a client to take what it was sent."""
    connections: int = _MOST_CONNECTIONS
    """How many are held at once. Past it a new one is answered `overloaded` and closed, so that those who are
    connected, the database and upstream keep working; `limit_concurrency` of uvicorn would refuse everybody's
    next request instead, and not count the sockets of the sandbox."""


def default_limits() -> ConnectionLimits:
    """Return the limits of a server that was told none."""
    return ConnectionLimits(connections=_affordable())


def limits_of(settings: ServerSettings) -> ConnectionLimits:
    """Return the limits that were set; where no number of connections was, what the process can afford."""
    return ConnectionLimits(
        head_bytes=settings.max_head_bytes,
        head_seconds=settings.head_seconds,
        write_seconds=settings.write_seconds,
        connections=settings.max_connections or _affordable(),
    )


def _affordable() -> int:
    """Return three quarters of the files that the process may open (`ulimit -n`), up to a bound.

    A process without a free one can neither reach upstream nor open its database.
    """
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    import resource  # noqa: PLC0415 - does not exist on Windows

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(_MOST_CONNECTIONS, files * 3 // 4)
