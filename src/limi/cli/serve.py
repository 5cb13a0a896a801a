"""`limi serve`: the backend."""

import sys
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Annotated, Final

import structlog
import typer

from limi import __version__
from limi.adapters.configuration import load_settings, setting_infos
from limi.cli.checks import check_settings
from limi.cli.connection_limits import limits_of
from limi.cli.listening import bind_socket
from limi.cli.server import run_server
from limi.kernel.settings import Settings

if TYPE_CHECKING:
    from limi.cli.worker_link import WorkerLink

__all__ = ["invitation", "serve", "settings_help"]

_FLUSH_SECONDS: Final = 15.0
"""What a worker may take beyond its requests to write the journal and let go of its lease, in all."""
_WEB: Final = Path(__file__).parents[1] / "web"
"""Where the build of the voice page lies: inside the package, so that an installed one has it as well."""


def settings_help() -> str:
    """Return every setting with its meaning, for the end of a command's help."""
    # The control character keeps click from joining the lines of a paragraph.
    rows = (
        f"\b\n{info.env}  ({info.path}{_default(info.default)})\n  {info.description}" for info in setting_infos()
    )
    return "\n\n".join(("Settings, by environment variable or in the file that LIMI_CONFIG names:", *rows))


def _default(value: object) -> str:
    """Say what holds where nothing is set, unless that is nothing or long."""
    if isinstance(value, bool):
        return f", default {str(value).lower()}"
    if isinstance(value, float):
        return f", default {value:g}"
    return f", default {value}" if isinstance(value, (str, int)) and value != "" else ""


def invitation(url: str, *, upstream: str, page: bool) -> str:
    """Return what a person at a terminal wants to know after a start."""
    keys = {
        "openai": "Keys come from OpenAI.",
        "sandbox": "Keys come from the sandbox inside; set OPENAI_API_KEY to talk to OpenAI.",
    }
    click = f"Open {url} and click Connect Voice." if page else f"Open {url} to see what it offers."
    return f"\n  {click} {keys.get(upstream, f'Keys come from {upstream}.')}\n  Ctrl-C stops the server.\n"


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of LIMI_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, instead of LIMI_PORT; 0 picks one.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)] = None,
    worker: Annotated[str | None, typer.Option(hidden=True, help="Sockets that a supervisor hands over.")] = None,
) -> None:
    """Run the backend: with OPENAI_API_KEY it mints at OpenAI, without it at the sandbox inside."""
    settings = load_settings(file=config, overrides={"server.host": host, "server.port": port})
    # First what costs nothing: a start that is refused has made no key, no database and no log.
    check_settings(settings)
    if worker is not None:
        _serve_as_worker(settings, worker)
        return
    with bind_socket(settings.server.host, settings.server.port) as listener:
        if settings.server.workers > 1:
            raise typer.Exit(_supervise(settings, listener, config))
        _serve(settings, listener, None)


def _supervise(settings: Settings, listener: socket, config: Path | None) -> int:
    from limi.adapters.telemetry.logs import configure_logs  # noqa: PLC0415 - keeps `limi --help` quick
    from limi.cli.supervisor import supervise  # noqa: PLC0415

    sink = configure_logs(settings.log, shared=True)
    server = settings.server
    # The workers read the rest where this process read it: file and environment.
    arguments = ["serve", "--host", server.host, *(("--config", str(config)) if config else ())]
    try:
        return supervise(
            arguments,
            listener,
            count=server.workers,
            stop_seconds=server.drain_seconds + server.shutdown_seconds + _FLUSH_SECONDS,
            announce=lambda facts: sink.announce("limi.started", **{**facts, **_public(settings)}),
        )
    finally:
        sink.close()


def _public(settings: Settings) -> dict[str, str]:
    """Return what replaces the start line's URL where clients use another one."""
    return {"url": settings.server.public_url} if settings.server.public_url else {}


def _serve_as_worker(settings: Settings, sockets: str) -> None:
    from limi.cli.worker_link import WorkerLink, adopt_sockets  # noqa: PLC0415 - keeps `limi --help` quick

    try:
        listener, control = adopt_sockets(sockets)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    with listener, control:
        _serve(settings, listener, WorkerLink(control=control))


def _serve(settings: Settings, listener: socket, link: "WorkerLink | None") -> None:
    from limi.adapters.key_files import load_key_files  # noqa: PLC0415 - keeps `limi --help` quick
    from limi.adapters.telemetry.logs import configure_logs  # noqa: PLC0415
    from limi.app import create_app  # noqa: PLC0415
    from limi.http.web_build import read_build  # noqa: PLC0415
    from limi.observability import log_processors  # noqa: PLC0415

    sink = configure_logs(settings.log, shared=link is not None, first=log_processors(settings))
    try:
        keys = load_key_files(settings)
        web = read_build(_WEB)
        app = create_app(settings, keys=keys, pool=link, web=web)
        if keys.made:
            structlog.get_logger().warning("admin_key.made", file=str(keys.admin_key_file))

        facts = {"upstream": app.upstream_name, "environment": settings.env.value, "version": __version__}
        if link:
            link.attach(snapshot=app.metrics.snapshot, facts=facts)

        def announce(url: str) -> None:
            # The one start line appears at every log level: whoever starts a server wants to know where it is.
            if link is None:
                shown = settings.server.public_url or url
                sink.announce("limi.started", url=shown, **facts)
                if sys.stderr.isatty():
                    typer.echo(invitation(shown, upstream=app.upstream_name, page=web is not None), err=True)

        run_server(
            app.asgi,
            host=settings.server.host,
            port=settings.server.port,
            listener=listener,
            shutdown_seconds=settings.server.shutdown_seconds,
            announce=announce,
            farewell=app.farewell,
            limits=limits_of(settings.server),
            drain_seconds=settings.server.drain_seconds,
            on_drain=app.drain,
            companion=link,
        )
    finally:
        sink.close()
