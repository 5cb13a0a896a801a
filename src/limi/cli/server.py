"""Runs an ASGI application under uvicorn, the way `limi serve` and `limi sandbox` both need it."""

import asyncio
import gc
import math
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from socket import socket
from types import FrameType
from typing import Any, Final, Protocol, cast

import structlog
import uvicorn

from limi.cli.connection_limits import ConnectionLimits, default_limits
from limi.kernel.ids import RandomIds

__all__ = ["Companion", "run_server"]

_log = structlog.get_logger()

_MAX_FRAME_BYTES: Final = 20 * 1024 * 1024 + 4096
"""15 MiB of audio in base64, which is what upstream accepts, and its JSON."""
_PING_SECONDS: Final = 20.0
"""Upstream pings its sockets about as often; it also finds clients that vanished."""
_LOOK_SECONDS: Final = 0.05
"""How often a server that drains looks whether it still has to."""
_TICK_SECONDS: Final = 1.0
"""How often the answers' `Date`, which counts seconds, is made anew."""
_REPLACED_SECONDS: Final = 6.0
"""How long a server that others replace waits for its connections to end: a second more than one may idle."""


class Companion(Protocol):
    """What runs beside the server in its event loop."""

    async def begin(self, url: str, stop: Callable[[bool], None]) -> None:
        """Begin, now that requests are answered at `url`.

        Args:
            url: where.
            stop: ends the server; its argument says whether others go on answering in its place.
        """

    async def end(self) -> None:
        """End, now that the last request was answered."""


def run_server(
    app: Any,  # noqa: ANN401 - uvicorn's own type for an ASGI application
    *,
    host: str,
    port: int,
    shutdown_seconds: float,
    announce: Callable[[str], None],
    farewell: Callable[[], Awaitable[None]] | None = None,
    listener: socket | None = None,
    tls: ssl.SSLContext | None = None,
    limits: ConnectionLimits | None = None,
    drain_seconds: float = 0.0,
    on_drain: Callable[[], None] | None = None,
    companion: Companion | None = None,
) -> None:
    """Serve until a signal says stop.

    Args:
        app: the ASGI application.
        host: the address to listen on, unless `listener` does.
        port: the port to listen on; 0 picks one.
        shutdown_seconds: longest wait for requests in progress, once stopped.
        announce: is told the URL once requests are answered.
        farewell: is awaited at a stop before connections are closed, for as long as `shutdown_seconds`. The
            lifespan's end comes too late for it: by then uvicorn has closed every WebSocket with its own code.
        listener: a bound socket to listen on; it is closed at the end.
        tls: the certificate to answer with; HTTP is plain unless given.
        limits: what a connection may cost; the defaults unless given.
        drain_seconds: how long connections are still accepted once stopped, so that a proxy can notice first.
        on_drain: is told when that begins.
        companion: runs beside it.
    """
    config = _configure(
        app, host=host, port=port, shutdown_seconds=shutdown_seconds, tls=tls, limits=limits or default_limits()
    )
    server = _Server(
        config,
        announce=announce,
        farewell=farewell,
        drain_seconds=drain_seconds,
        on_drain=on_drain,
        companion=companion,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has stopped. Left to its default that would end the process
        # before whoever called this could write the log's last lines.
        signal.signal(number, server.stop)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        # It comes when a terminal goes, and by default would cut requests; `nohup` has it ignored.
        signal.signal(signal.SIGHUP, server.stop)
    server.run([listener] if listener else None)


def _configure(
    app: Any,  # noqa: ANN401 - as above
    *,
    host: str,
    port: int,
    shutdown_seconds: float,
    tls: ssl.SSLContext | None,
    limits: ConnectionLimits,
) -> uvicorn.Config:
    # Not at the top: it brings the web framework, which `limi --help` does without.
    from limi.cli.connections import HTTPConnection  # noqa: PLC0415
    from limi.cli.sockets import GuardedSocket  # noqa: PLC0415

    ids = RandomIds()
    protocol = partial(HTTPConnection, limits=limits, ids=ids)
    sockets = partial(GuardedSocket, write_seconds=limits.write_seconds, ids=ids)
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        # uvicorn asks for classes and only calls them.
        http=cast("type[asyncio.Protocol]", protocol),
        ws=cast("type[asyncio.Protocol]", sockets),
        ws_max_size=_MAX_FRAME_BYTES,
        ws_ping_interval=_PING_SECONDS,
        lifespan="on",
        # Whom to believe about addresses is decided in `limi.http.addresses`, by LIMI_TRUSTED_PROXIES alone.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        # uvicorn counts in whole seconds, and cancels everything at once if there is none.
        timeout_graceful_shutdown=math.ceil(shutdown_seconds),
        ssl_context_factory=(lambda _, __: tls) if tls else None,
    )


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does, which with port 0 nobody can know before, and says farewell."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        announce: Callable[[str], None],
        farewell: Callable[[], Awaitable[None]] | None,
        drain_seconds: float,
        on_drain: Callable[[], None] | None,
        companion: Companion | None,
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._farewell = farewell
        self._drain_seconds = drain_seconds
        self._on_drain = on_drain
        self._companion = companion
        self._replaced = False
        self._draining = False
        self._hurried = False
        self._wake: Callable[[], object] = lambda: None

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """Stop as soon as possible; once stopped, nothing."""
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note a signal, as uvicorn does while it serves; one while the server drains cuts that short."""
        self._hurried = self._draining
        super().handle_exit(sig, frame)
        self._wake()

    def leave(self, replaced: bool) -> None:  # noqa: FBT001 - the signature that `Companion` promises
        """Stop; where it was `replaced`, others accept from its listening socket and nobody need notice."""
        self._replaced = replaced
        self.should_exit = True
        self._wake()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self.started:
            _spare_the_collector()
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else host  # noqa: S104 - shown only
            scheme = "https" if self.config.is_ssl else "http"
            self._announce(f"{scheme}://{shown}:{port}")
            if self._companion:
                await self._companion.begin(f"{scheme}://{shown}:{port}", self.leave)

    async def main_loop(self) -> None:
        """Sleep until told to stop, but for the date; uvicorn's own loop looks ten times a second."""
        told = asyncio.Event()
        # From a signal's handler too, which may interrupt anything.
        self._wake = partial(asyncio.get_running_loop().call_soon_threadsafe, told.set)
        # The number is of the tick; with each that ten divides, uvicorn renews the date.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await told.wait()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Drain, let nobody new in, let the application take leave of whom it holds, then stop."""
        if self._replaced:
            self._let_nobody_in()
        await self._drain()
        self._let_nobody_in()
        try:
            if self._farewell:
                await asyncio.wait_for(self._farewell(), self.config.timeout_graceful_shutdown)
        except TimeoutError:
            _log.warning("server.farewell.cut", seconds=self.config.timeout_graceful_shutdown)
        finally:
            await super().shutdown(sockets)
            if self._companion:
                await self._companion.end()

    def _let_nobody_in(self) -> None:
        for server in self.servers:
            server.close()

    async def _drain(self) -> None:
        """Go on answering, but each answer ends its connection, until proxies had time to look elsewhere.

        A connection that idles is left alone: closing it could cross a request that is on its way.
        """
        seconds = max(self._drain_seconds, _REPLACED_SECONDS) if self._replaced else self._drain_seconds
        if not seconds:
            return
        self._draining = True
        if self._on_drain and not self._replaced:
            self._on_drain()
        # uvicorn puts these before every answer's own, those of requests under way included.
        self.server_state.default_headers.append((b"connection", b"close"))
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until and not self._hurried:
            if self._replaced and not self.server_state.connections:
                return
            await asyncio.sleep(_LOOK_SECONDS)


def _spare_the_collector() -> None:
    """Keep the garbage collector off what lives as long as the process: some 100,000 objects, walked for nothing.

    It took a tenth of a mint's time and most of its slowest percentile (docs/decisions/0002).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
