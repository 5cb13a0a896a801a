"""Runs an ASGI application under uvicorn, the way `limi serve` and `limi sandbox` both need it."""

import asyncio
import gc
import math
import signal
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from socket import socket
from types import FrameType
from typing import Any, Final, cast

import structlog
import uvicorn

from limi.kernel.ids import RandomIds

__all__ = ["run_server"]

_log = structlog.get_logger()

_MAX_FRAME_BYTES: Final = 20 * 1024 * 1024 + 4096
"""15 MiB of audio in base64, which is what upstream accepts, and its JSON."""
_PING_SECONDS: Final = 20.0
"""Upstream pings its sockets about as often; it also finds clients that vanished."""


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
    """
    # Not at the top: it brings the web framework, which `limi --help` does without.
    from limi.cli.connections import GuardedProtocol, default_limits  # noqa: PLC0415

    protocol = partial(GuardedProtocol, limits=default_limits(), ids=RandomIds())
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        # uvicorn asks for a class and only calls it.
        http=cast("type[asyncio.Protocol]", protocol),
        ws="websockets-sansio",
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
    server = _Server(config, announce, farewell)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has stopped. Left to its default that would end the process
        # before whoever called this could write the log's last lines.
        signal.signal(number, server.stop)
    server.run([listener] if listener else None)


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does, which with port 0 nobody can know before, and says farewell."""

    def __init__(
        self,
        config: uvicorn.Config,
        announce: Callable[[str], None],
        farewell: Callable[[], Awaitable[None]] | None,
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._farewell = farewell

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """Stop as soon as possible; once stopped, nothing."""
        self.should_exit = True

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self.started:
            _spare_the_collector()
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else host  # noqa: S104 - shown only
            scheme = "https" if self.config.is_ssl else "http"
            self._announce(f"{scheme}://{shown}:{port}")

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Let nobody new in, let the application take leave of whom it holds, then stop."""
        for server in self.servers:
            server.close()
        try:
            if self._farewell:
                await asyncio.wait_for(self._farewell(), self.config.timeout_graceful_shutdown)
        except TimeoutError:
            _log.warning("server.farewell.cut", seconds=self.config.timeout_graceful_shutdown)
        finally:
            await super().shutdown(sockets)


def _spare_the_collector() -> None:
    """Keep the garbage collector off what lives as long as the process: some 100,000 objects, walked for nothing.

    It took a tenth of a mint's time and most of its slowest percentile (docs/decisions/0002).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
