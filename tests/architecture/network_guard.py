"""Keeps tests on this machine: whatever Python connects to or looks up elsewhere is refused and remembered."""

from ipaddress import ip_address
from typing import Any, Final

__all__ = ["GUARD", "NetworkGuard", "NetworkUsedError"]


class NetworkUsedError(OSError):
    """A test tried to reach another machine."""


class NetworkGuard:
    """An audit hook (https://docs.python.org/3/library/audit_events.html)."""

    def __init__(self) -> None:
        self.attempts: list[str] = []
        """What was tried. A client may swallow the error, so the test is failed by this."""

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """Refuse what leaves this machine."""
        if event == "socket.connect" and isinstance(args[1], tuple):
            host = args[1][0]
        elif event == "socket.getaddrinfo":
            host = args[0]
        else:
            return
        if not _is_here(host):
            self.attempts.append(str(host))
            raise NetworkUsedError(f"tests reach only this machine, not {host!r}")


GUARD: Final = NetworkGuard()
"""The one of this process; an audit hook cannot be taken out again."""


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        address = ip_address(str(name))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
