"""A server that mints over one HTTP client or the other: `python -m benchmarks.harness.client_server CLIENT`."""

import os
import sys

from benchmarks.harness.mint_app import make_mint_app
from limi.adapters.configuration import load_settings
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.adapters.sql.schema import upgrade
from limi.adapters.telemetry.logs import configure_logs
from limi.adapters.upstream.transports import HTTPTransport, Transport
from limi.cli.server import run_server
from limi.kernel.settings import Settings

__all__: list[str] = []


def _transport(client: str, settings: Settings) -> Transport:
    limits = settings.upstream
    if client == "aiohttp":
        # Only here, because only this server's environment has the package.
        from benchmarks.harness.aiohttp_transport import AiohttpTransport  # noqa: PLC0415

        kind: type[AiohttpTransport | HTTPTransport] = AiohttpTransport
    else:
        kind = HTTPTransport
    return kind(
        base_url=limits.url or "",
        timeout_seconds=limits.timeout_seconds,
        max_bytes=limits.max_response_bytes,
        user_agent="Limi-AI-Backend/benchmark",
    )


def _main() -> None:
    settings = load_settings(os.environ)
    sink = configure_logs(settings.log)
    upgrade(settings.database.url)
    store = SQLJournalStore(engine=open_engine(settings.database.url))
    app = make_mint_app(settings, transport=_transport(sys.argv[1], settings), store=store)
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
        sink.flush()


if __name__ == "__main__":
    _main()
