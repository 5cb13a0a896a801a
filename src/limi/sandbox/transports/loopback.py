"""Keeps a peer connection's sockets where they belong: on 127.0.0.1, or on the one address that was asked for.

aioice binds a socket on every interface but the loopback one and offers them all, so that an HTTP server on
127.0.0.1 would still be reached from the whole network by UDP, and a machine without a network would be reached by
nobody. It has no setting for that. Each connection is therefore told itself which addresses to use, in place of
the method that it asks; nothing of the library is changed for others who use it in this process. Its guard is
`tests/unit/sandbox/transports/test_loopback.py`, and docs/decisions/0012 has the reasons.
"""

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

__all__ = ["confine"]


def confine(connection: Any, *, address: str) -> None:  # noqa: ANN401 - an aioice.Connection, not imported for it
    """Let a connection that has not gathered yet bind and offer one address only.

    Args:
        connection: The library's ICE connection.
        address: What clients are told. Where it is no address of this machine, as behind a router or in a cloud,
            sockets are bound on all interfaces and the offer names it all the same.
    """
    gather = connection.get_component_candidates
    bound = address if _is_own(address) else _any_of(address)

    async def gather_here(component: int, addresses: Sequence[str], timeout: int = 5) -> list[Any]:  # noqa: ASYNC109 - aioice's signature
        del addresses
        candidates: list[Any] = await gather(component=component, addresses=[bound], timeout=timeout)
        for candidate in candidates:
            candidate.host = address
        return candidates

    connection.get_component_candidates = gather_here


def _is_own(address: str) -> bool:
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET  # noqa: PLR2004 - IPv6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _any_of(address: str) -> str:
    return "::" if ip_address(address).version == 6 else "0.0.0.0"  # noqa: PLR2004, S104 - IPv6; asked for by name
