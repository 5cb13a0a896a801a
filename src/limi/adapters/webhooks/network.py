"""How names become addresses and addresses become connections: the two things that tests of the guard replace."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from typing import Final, Protocol

import aiohappyeyeballs

from limi.adapters.lookups import look_up
from limi.adapters.upstream.connector import Destination, open_tunnel, tls_context
from limi.adapters.upstream.transports import TransportError
from limi.adapters.webhooks.connection import ReceiverConnection
from limi.features.webhooks.addresses import AddressKind, kind_of
from limi.kernel.secret import Secret

__all__ = ["Connector", "NameNotFoundError", "PinnedConnector", "Resolver", "ThreadResolver"]

_NEXT_ADDRESS_SECONDS: Final = 0.25
"""How long an address has before the next is tried beside it (RFC 8305 §5)."""
_MAX_LOOKUPS: Final = 128
"""Look-ups at once, as many as deliveries by default. Each is a thread that waits; names whose servers are dead
hold theirs for half a minute."""


class NameNotFoundError(Exception):
    """The name has no address, or it cannot be found out now."""


class Resolver(Protocol):
    """Looks up names."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return every address of `host` as text.

        Raises:
            NameNotFoundError: it has none.
        """


class Connector(Protocol):
    """Opens connections."""

    async def connect(self, addresses: Sequence[str], port: int, *, name: str, tls: bool) -> ReceiverConnection:
        """Return a connection to one of `addresses`, and to no other.

        Args:
            addresses: where to connect, as text.
            port: which port.
            name: whom the certificate must be for, and whom the server is told that is wanted.
            tls: whether there is one.

        Raises:
            OSError: nobody answers, or with a certificate that cannot be trusted.
        """


class ThreadResolver:
    """Looks names up by the operating system, each in a thread of its own, and so many at once and no more."""

    def __init__(self) -> None:
        self._lookups = 0

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return every address of `host`.

        Raises:
            NameNotFoundError: it has none, or too many others are being looked up.
        """
        if self._lookups >= _MAX_LOOKUPS:
            raise NameNotFoundError
        self._lookups += 1
        answer = look_up(host, port)
        answer.add_done_callback(self._ended)
        # Who gives up does not free the thread, which waits still: the future ends with it and not before.
        await asyncio.wait([answer])
        try:
            found = answer.result()
        except (OSError, UnicodeError):
            raise NameNotFoundError from None
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def _ended(self, _: object) -> None:
        self._lookups -= 1


class PinnedConnector:
    """Connects to the addresses it is given: no name is looked up here, so none can answer differently now.

    A proxy is asked for the address as well, never for the name, which it would look up again by itself. What is
    on this machine or in its network is connected to without it: to the proxy these addresses are other machines.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, proxy: Secret | None = None) -> None:
        """Prepare, without connecting.

        Args:
            tls: whom to trust; unless given, whom the machine trusts.
            proxy: `http://[user:password@]host[:port]` of a proxy that tunnels to public addresses.
        """
        self._tls = tls or tls_context()
        self._proxy = proxy

    async def connect(self, addresses: Sequence[str], port: int, *, name: str, tls: bool) -> ReceiverConnection:
        """Open a connection; see `Connector`."""
        if self._proxy is not None and all(kind_of(address) is AddressKind.PUBLIC for address in addresses):
            sock = await _open_by_proxy(self._proxy, addresses, port)
        else:
            sock = await _open(addresses, port)
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                ReceiverConnection,
                sock=sock,
                ssl=self._tls if tls else None,
                server_hostname=name if tls else None,
            )
        except BaseException:
            sock.close()
            raise
        return connection


async def _open(addresses: Sequence[str], port: int) -> socket.socket:
    # With numbers for hosts these return at once and ask nobody.
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    found = [
        entry
        for address in addresses
        for entry in socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=flags)
    ]
    return await aiohappyeyeballs.start_connection(
        found, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, interleave=1, loop=asyncio.get_running_loop()
    )


async def _open_by_proxy(proxy: Secret, addresses: Sequence[str], port: int) -> socket.socket:
    """Return a socket that leads to the first address to which the proxy opens a tunnel."""
    reason = "the name has no address"
    for address in addresses:
        try:
            return await open_tunnel(proxy, Destination(address, port, tls=True, path=""))
        except TransportError as exc:
            reason = str(exc)
    raise ConnectionError(reason)
