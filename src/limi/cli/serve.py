"""`limi serve`: the backend."""

from pathlib import Path
from socket import socket
from typing import Annotated

import structlog
import typer

from limi import __version__
from limi.adapters.configuration import load_settings, setting_infos
from limi.cli.checks import check_settings
from limi.cli.listening import bind_socket
from limi.cli.server import run_server
from limi.kernel.settings import Settings

__all__ = ["serve", "settings_help"]


def settings_help() -> str:
    """Return every setting with its meaning, for the end of a command's help."""
    # The control character keeps click from joining the lines of a paragraph.
    rows = (f"\b\n{info.env}  ({info.path})\n  {info.description}" for info in setting_infos())
    return "\n\n".join(("Settings, by environment variable or in the file that LIMI_CONFIG names:", *rows))


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks one.", show_default="3001")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)] = None,
) -> None:
    """Run the backend: with OPENAI_API_KEY it mints at OpenAI, without it at the sandbox inside."""
    settings = load_settings(file=config, overrides={"server.host": host, "server.port": port})
    # First what costs nothing: a start that is refused has made no key, no database and no log.
    check_settings(settings)
    with bind_socket(settings.server.host, settings.server.port) as listener:
        _serve(settings, listener)


def _serve(settings: Settings, listener: socket) -> None:
    from limi.adapters.key_files import load_key_files  # noqa: PLC0415 - keeps `limi --help` quick
    from limi.adapters.telemetry.logs import configure_logs  # noqa: PLC0415
    from limi.app import create_app  # noqa: PLC0415

    sink = configure_logs(settings.log)
    try:
        keys = load_key_files(settings)
        app = create_app(settings, keys=keys)
        if keys.made:
            structlog.get_logger().warning("admin_key.made", file=str(keys.admin_key_file))

        def announce(url: str) -> None:
            # The one start line appears at every log level: whoever starts a server wants to know where it is.
            sink.announce(
                "limi.started",
                url=settings.server.public_url or url,
                upstream=app.upstream_name,
                environment=settings.env,
                version=__version__,
            )

        run_server(
            app.asgi,
            host=settings.server.host,
            port=settings.server.port,
            listener=listener,
            shutdown_seconds=settings.server.shutdown_seconds,
            announce=announce,
            farewell=app.farewell,
        )
    finally:
        sink.close()
