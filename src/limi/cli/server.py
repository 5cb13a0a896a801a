"""Runs an ASGI application under uvicorn, the way `limi serve` and `limi sandbox` both need it."""

import gc
import signal
from collections.abc import Callable
from socket import socket
from types import FrameType
from typing import Any, Final

import uvicorn

__all__ = ["run_server"]

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
) -> None:
    """Serve until a signal says stop; `announce` is told the URL once requests are answered."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=_MAX_FRAME_BYTES,
        ws_ping_interval=_PING_SECONDS,
        lifespan="on",
        # Whom to believe about addresses is decided in `limi.http.addresses`, by LIMI_TRUSTED_PROXIES alone.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=int(shutdown_seconds),
    )
    server = _Server(config, announce)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has stopped. Left to its default that would end the process
        # before whoever called this could write the log's last lines.
        signal.signal(number, server.stop)
    server.run()


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does, which with port 0 nobody can know before."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

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
            self._announce(f"http://{shown}:{port}")


def _spare_the_collector() -> None:
    """Keep the garbage collector off what lives as long as the process: some 100,000 objects, walked for nothing.

    It took a tenth of a mint's time and most of its slowest percentile (docs/decisions/0002).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
