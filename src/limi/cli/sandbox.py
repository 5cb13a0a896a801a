"""`limi sandbox`: the offline OpenAI alone, for those who point an SDK straight at it."""

from typing import Annotated

import typer

from limi.cli.listening import bind_socket
from limi.cli.server import run_server
from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds

__all__ = ["sandbox"]


def sandbox(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks one.")] = 3010,
) -> None:
    """Run the offline OpenAI Realtime API; any API key is accepted, and nothing leaves this machine."""
    from limi.sandbox.app import create_sandbox  # noqa: PLC0415 - keeps `limi --help` quick

    def announce(url: str) -> None:
        typer.echo(f"The sandbox answers at {url}/v1. Try: OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY=sk-anything")

    with bind_socket(host, port, host_setting="--host", port_setting="--port") as listener:
        app = create_sandbox(clock=SystemClock(), ids=RandomIds())
        run_server(
            app,
            host=host,
            port=port,
            listener=listener,
            shutdown_seconds=5,
            announce=announce,
            farewell=app.stop,
        )
