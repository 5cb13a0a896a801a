"""Upstream over HTTP/1.1 on the event loop itself, with connections kept alive.

Why not a library: docs/decisions/0005. What a request costs here is most of what can be saved on a mint.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Final

from limi.adapters.upstream.connection import Connection, StaleConnectionError
from limi.adapters.upstream.connector import Connector, Destination
from limi.adapters.upstream.transports import Answer, TransportError
from limi.kernel.secret import Secret

__all__ = ["HTTPTransport"]

_MAX_HEADS: Final = 1024
"""Heads of requests kept, of about 0.5 KB: there is one for each caller, whose next mint has the same."""
_IDLE_SECONDS: Final = 60.0
"""Upstream and what lies between forget idle connections after minutes; younger ones are worth a try.

It is the only bound: as many are kept as there were requests at once in the last minute. With a bound on their
number, those above it would connect anew for each request, which with TLS costs more than the mint.
"""


class HTTPTransport:
    """Sends requests to one server and reads at most `max_bytes` of an answer's body.

    Redirects are not followed, because the key must go nowhere else, and compression is not asked for: a secret is
    1.2 KB, and a small packed body could unpack to a huge one.
    """

    def __init__(
        self,
        *,
        base_url: str,
        timeout_seconds: float,
        max_bytes: int,
        user_agent: str,
        proxy: Secret | None = None,
    ) -> None:
        """Prepare, without connecting.

        Args:
            base_url: what every path is appended to.
            timeout_seconds: for the whole exchange, connecting included.
            max_bytes: the largest body of an answer.
            user_agent: what the server is told of the client.
            proxy: `http://[user:password@]host[:port]`; see `Connector`.
        """
        self._seconds = timeout_seconds
        self._max_bytes = max_bytes
        # The one that has been idle for longest stands first.
        self._idle: deque[Connection] = deque()
        self._open: set[Connection] = set()
        self._connector: Connector | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._path = ""
        self._common: dict[str, str] = {}
        self._head = lru_cache(maxsize=_MAX_HEADS)(self._make_head)
        # A URL that is none is said with the first request, so that a command can say it in its own words.
        with suppress(ValueError):
            destination = Destination.of(base_url)
            self._path = destination.path
            self._common = {"host": destination.authority, "user-agent": user_agent, "accept": "application/json"}
            self._connector = Connector(destination, proxy=proxy)

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send by HTTP; see `Transport`."""
        connector = self._connector
        head = self._head(method, path, tuple(headers.items()))
        if connector is None or head is None:
            raise TransportError("no request can be made of this URL and these headers")
        request = b"%b%d\r\n\r\n%b" % (head, len(body), body)
        if self._loop is None:
            # Kept, because looking for it is a system call until Python 3.12.
            self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        deadline = now + self._seconds
        idle = self._take_idle(now)
        while True:
            connection = idle or await self._connect(connector, deadline)
            try:
                answer = await connection.ask(request, deadline=deadline)
            except StaleConnectionError:
                if connection is not idle:
                    raise
                # Closed in the moment it was used. Nothing came back, so nobody knows of a key, and another try is
                # right although POST is not idempotent (RFC 9110 §9.2.2).
                idle = None
            except BaseException:
                # Whoever cancels leaves an answer under way, which the next request must not read as its own.
                connection.abort()
                raise
            else:
                # Whether it is usable still is asked when it is taken.
                self._idle.append(connection)
                return answer

    async def close(self) -> None:
        """Cut all connections and wait until their sockets are closed; may be called twice."""
        for connection in self._open:
            connection.abort()
        await asyncio.gather(*(connection.closed for connection in self._open))
        self._idle.clear()

    async def _connect(self, connector: Connector, deadline: float) -> Connection:
        try:
            async with asyncio.timeout_at(deadline):
                connection = await connector.connect(Connection, max_bytes=self._max_bytes)
        except TimeoutError as exc:
            reason = "no connection in time"
            raise TransportError(reason, timed_out=True) from exc
        self._open.add(connection)
        connection.closed.add_done_callback(lambda _: self._open.discard(connection))
        return connection

    def _take_idle(self, now: float) -> Connection | None:
        """Return the connection that was used last, and close those that nobody has needed for long."""
        while self._idle and now - self._idle[0].idle_since > _IDLE_SECONDS:
            self._idle.popleft().abort()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
        return None

    def _make_head(self, method: str, path: str, headers: tuple[tuple[str, str], ...]) -> bytes | None:
        """Return a request up to its length, None where a header would break out of its line (RFC 9110 §5.5)."""
        values = "".join(value for _, value in headers)
        if not (values.isascii() and values.isprintable()):
            return None
        lines = "\r\n".join(f"{name}: {value}" for name, value in {**self._common, **dict(headers)}.items())
        return f"{method} {self._path}{path} HTTP/1.1\r\n{lines}\r\ncontent-length: ".encode()
