"""A server that mints over one HTTP client or the other: `python -m benchmarks.harness.client_server CLIENT`."""

import os
import sys
from collections.abc import Callable

from limi.adapters.configuration import load_settings
from limi.adapters.telemetry.logs import configure_logs
from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.transports import Transport
from limi.app import create_app
from limi.cli.server import run_server
from limi.kernel.settings import Settings
from limi.testing.backend import known_keys

__all__: list[str] = []


def _transport(client: str, settings: Settings) -> Transport:
    limits = settings.upstream
    return _kind(client)(
        base_url=limits.url or "",
        timeout_seconds=limits.timeout_seconds,
        max_bytes=limits.max_response_bytes,
        user_agent="Limi-AI-Backend/benchmark",
    )


def _kind(client: str) -> Callable[..., Transport]:
    # The libraries are imported only in the server that measures them, because only its environment has them.
    if client == "aiohttp":
        from benchmarks.harness.aiohttp_transport import AiohttpTransport  # noqa: PLC0415

        return AiohttpTransport
    if client == "pyreqwest":
        from benchmarks.harness.pyreqwest_transport import PyreqwestTransport  # noqa: PLC0415

        return PyreqwestTransport
    return HTTPTransport


def _main() -> None:
    settings = load_settings(os.environ)
    sink = configure_logs(settings.log)
    app = create_app(settings, keys=known_keys(), transport=_transport(sys.argv[1], settings)).asgi
    server = settings.server
    try:
        run_server(
            app,
            host=server.host,
            port=server.port,
            shutdown_seconds=server.shutdown_seconds,
            announce=lambda _: None,
        )
    finally:
        sink.close()


if __name__ == "__main__":
    _main()
