"""How names become addresses and addresses become connections: the two things that tests of the guard replace."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Sequence
from typing import Final, Protocol

import aiohappyeyeballs

from limi.adapters.upstream.connector import tls_context
from limi.adapters.webhooks.connection import ReceiverConnection

__all__ = ["Connector", "NameNotFoundError", "PinnedConnector", "Resolver", "ThreadResolver"]

_NEXT_ADDRESS_SECONDS: Final = 0.25
"""How long an address has before the next is tried beside it (RFC 8305 §5)."""
_MAX_LOOKUPS: Final = 64
"""Look-ups at once, each a thread that waits; names whose servers are dead hold theirs for half a minute."""


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
    """Looks names up by the operating system, each in a thread of its own.

    The event loop's own look-ups share a few threads with those of mints, which names with dead servers would
    hold. And threads of a pool are waited for when the process ends.
    """

    def __init__(self) -> None:
        self._lookups = 0

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return every address of `host`.

        Raises:
            NameNotFoundError: it has none, or too many others are being looked up.
        """
        if self._lookups >= _MAX_LOOKUPS:
            raise NameNotFoundError
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()
        self._lookups += 1

        def settle(found: Sequence[str] | None) -> None:
            self._lookups -= 1
            if answer.cancelled():
                return
            if found:
                answer.set_result(found)
            else:
                answer.set_exception(NameNotFoundError())

        def look_up() -> None:
            try:
                entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
            except (OSError, UnicodeError):
                found = None
            try:
                loop.call_soon_threadsafe(settle, found)
            except RuntimeError:
                return  # The loop is closed, so nobody waits.

        threading.Thread(target=look_up, name="limi-webhook-lookup", daemon=True).start()
        return await answer


class PinnedConnector:
    """Connects to the addresses it is given: no name is looked up here, so none can answer differently now."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        """Prepare, without connecting.

        Args:
            tls: whom to trust; unless given, whom the machine trusts.
        """
        self._tls = tls or tls_context()

    async def connect(self, addresses: Sequence[str], port: int, *, name: str, tls: bool) -> ReceiverConnection:
        """Open a connection; see `Connector`."""
        loop = asyncio.get_running_loop()
        # With numbers for hosts these return at once and ask nobody.
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        found = [
            entry
            for address in addresses
            for entry in socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=flags)
        ]
        sock = await aiohappyeyeballs.start_connection(
            found, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, interleave=1, loop=loop
        )
        try:
            _, connection = await loop.create_connection(
                ReceiverConnection,
                sock=sock,
                ssl=self._tls if tls else None,
                server_hostname=name if tls else None,
            )
        except BaseException:
            sock.close()
            raise
        return connection
