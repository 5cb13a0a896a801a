"""Posts webhooks: to addresses that were checked, over connections that are kept for the next one.

The check and the connection use the same addresses, which are looked up for each new connection. So a name that
points elsewhere a moment later gains nothing, and a connection that is kept leads where it was allowed to.
Redirects are not followed: they are answers like any other that is not 2xx.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import msgspec

from limi.adapters.webhooks.connection import (
    ConnectionFailedError,
    Head,
    ReceiverConnection,
    StaleConnectionError,
)
from limi.adapters.webhooks.network import Connector, NameNotFoundError, Resolver
from limi.features.webhooks.addresses import AddressKind, kind_of
from limi.features.webhooks.ports import Answer, SendFailure

__all__ = ["WebhookSender"]

_IDLE_SECONDS: Final = 30.0
"""How long a connection is kept without use; many servers end theirs after a minute or less."""
_MAX_IDLE: Final = 256
"""Connections kept in all; past it the one kept longest is closed."""
_DRAIN_SECONDS: Final = 1.0
"""How long is waited for the rest of an answer, so that the connection can be used again."""
_MAX_DIGITS: Final = 10
_PORTS: Final = {"http": 80, "https": 443}


class _Target(msgspec.Struct, frozen=True):
    """What a URL says."""

    host: str
    port: int
    tls: bool
    start: str
    """The request's first lines, which are the same each time."""

    @property
    def place(self) -> tuple[str, int, bool]:
        return self.host, self.port, self.tls


class _RefusedAddressError(Exception):
    """The name has an address that no endpoint may be at."""


_FAILURES: Final[Mapping[type[Exception], SendFailure]] = {
    TimeoutError: SendFailure.TIMEOUT,
    NameNotFoundError: SendFailure.NAME_NOT_FOUND,
    _RefusedAddressError: SendFailure.ADDRESS_REFUSED,
    ssl.SSLCertVerificationError: SendFailure.CERTIFICATE_REFUSED,
    StaleConnectionError: SendFailure.CONNECTION_FAILED,
    ConnectionFailedError: SendFailure.NOT_HTTP,
    OSError: SendFailure.CONNECTION_FAILED,
}
"""In this order, since some are kinds of others."""


class WebhookSender:
    """Implements `limi.features.webhooks.ports.Sender`."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        connector: Connector,
        kinds: AbstractSet[AddressKind],
        timeout_seconds: float,
        user_agent: str,
        now: Callable[[], float],
    ) -> None:
        """Keep the parts.

        Args:
            resolver: looks names up.
            connector: opens connections.
            kinds: of addresses that may be connected to.
            timeout_seconds: for looking up, connecting and the answer's head together.
            user_agent: what receivers are told of the sender.
            now: Unix seconds, for `Retry-After` with a date.
        """
        self._resolver = resolver
        self._connector = connector
        self._kinds = kinds
        self._seconds = timeout_seconds
        self._now = now
        self._idle: dict[tuple[str, int, bool], list[ReceiverConnection]] = {}
        self._idle_count = 0
        self._open: set[ReceiverConnection] = set()
        self._target = lru_cache(maxsize=1024)(lambda url: _target(url, user_agent))

    async def send(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post `body`; see `Sender`."""
        target = self._target(url)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"{target.start}{lines}content-length: {len(body)}\r\n\r\n".encode() + body
        try:
            async with asyncio.timeout(self._seconds):
                connection, head = await self._exchange(target, request)
        except tuple(_FAILURES) as exc:
            return Answer(failure=next(word for kind, word in _FAILURES.items() if isinstance(exc, kind)))
        await self._keep(connection, target)
        wait = _seconds_in(head.retry_after, self._now()) if head.retry_after else None
        return Answer(status=head.status, retry_after=wait)

    async def close(self) -> None:
        """Cut every connection and wait until their sockets are closed; may be called twice."""
        for connection in self._open:
            connection.abort()
        await asyncio.gather(*(connection.closed for connection in self._open))
        self._idle.clear()
        self._idle_count = 0

    async def _exchange(self, target: _Target, request: bytes) -> tuple[ReceiverConnection, Head]:
        if (kept := self._take_idle(target)) is not None:
            with suppress(StaleConnectionError):
                # Closed in the moment it was used; every delivery may come twice, so another try is right.
                return kept, await _ask(kept, request)
        connection = await self._connect(target)
        return connection, await _ask(connection, request)

    async def _connect(self, target: _Target) -> ReceiverConnection:
        addresses = await self._resolver.resolve(target.host, target.port)
        # What is not encrypted stays on this machine.
        kinds = self._kinds if target.tls else self._kinds & {AddressKind.LOOPBACK}
        # One address that is not allowed is enough: which of them is used would be up to chance.
        if not all(_is_allowed(address, kinds) for address in addresses):
            raise _RefusedAddressError
        connection = await self._connector.connect(addresses, target.port, name=target.host, tls=target.tls)
        self._open.add(connection)
        connection.closed.add_done_callback(lambda _: self._open.discard(connection))
        return connection

    def _take_idle(self, target: _Target) -> ReceiverConnection | None:
        kept = self._idle.get(target.place, [])
        now = asyncio.get_running_loop().time()
        while kept:
            connection = kept.pop()
            self._idle_count -= 1
            if connection.is_usable and now - connection.idle_since <= _IDLE_SECONDS:
                return connection
            connection.abort()
        self._idle.pop(target.place, None)
        return None

    async def _keep(self, connection: ReceiverConnection, target: _Target) -> None:
        """Keep a connection for the next request once the answer is whole, and cut it if that takes long."""
        if not connection.is_usable:
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_SECONDS):
                    await connection.drain()
        if not connection.is_usable:
            connection.abort()
            return
        self._idle.setdefault(target.place, []).append(connection)
        self._idle_count += 1
        if self._idle_count > _MAX_IDLE:
            place, kept = next(iter(self._idle.items()))
            kept.pop(0).abort()
            self._idle_count -= 1
            if not kept:
                del self._idle[place]


async def _ask(connection: ReceiverConnection, request: bytes) -> Head:
    try:
        return await connection.ask(request)
    except BaseException:
        connection.abort()
        raise


def _target(url: str, user_agent: str) -> _Target:
    parts = urlsplit(url)
    host, tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port == _PORTS[parts.scheme] else f"{shown}:{port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    start = (
        f"POST {path} HTTP/1.1\r\nhost: {authority}\r\nuser-agent: {user_agent}\r\n"
        "content-type: application/json\r\naccept: */*\r\naccept-encoding: identity\r\n"
    )
    return _Target(host, port, tls, start)


def _is_allowed(address: str, kinds: AbstractSet[AddressKind]) -> bool:
    try:
        return kind_of(address) in kinds
    except ValueError:
        return False


def _seconds_in(text: str, now: float) -> float | None:
    """Read `Retry-After`: seconds, or an HTTP date (RFC 9110 §10.2.3)."""
    text = text.strip()
    if text.isdecimal():
        return float(text[:_MAX_DIGITS])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # The latter for numbers beyond all measure.
        return None
    # HTTP dates are UTC even in the old form that does not say so (RFC 9110 §5.6.7).
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
