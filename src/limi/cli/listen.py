"""`limi webhook listen`: receives, verifies and prints deliveries, for whoever builds a receiver."""

import asyncio
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from limi.cli.listening import bind_socket
from limi.cli.operating import ConfigFile, Operator, operate
from limi.cli.output import fail, moment
from limi.cli.readiness import keep_output_clean
from limi.cli.receiving import Forward, Received, Receiver, Verifier
from limi.features.webhooks.model import IssuedEndpoint, NewEndpoint
from limi.kernel.clock import SystemClock
from limi.kernel.secret import Secret

__all__ = ["listen"]

_STOP_SECONDS: Final = 5.0
_FORWARD_SECONDS: Final = 25.0
"""Less than Limi waits for this receiver."""
_PASSED_ON: Final = ("content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature")
_BAD_GATEWAY: Final = 502


def listen(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks one.")] = 3020,
    secret: Annotated[
        str | None, typer.Option(help="The endpoint's secret; others on this machine see it.")
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option(help="File that holds the secret.", exists=True, dir_okay=False)
    ] = None,
    register: Annotated[
        bool, typer.Option("--register", help="Make an endpoint for this, and remove it at the end.")
    ] = False,
    event: Annotated[list[str] | None, typer.Option(help="With --register: a type to be sent; else all.")] = None,
    tenant: Annotated[str | None, typer.Option(help="With --register: only this tenant's events.")] = None,
    forward: Annotated[str | None, typer.Option(metavar="URL", help="Pass verified requests on to this.")] = None,
    status: Annotated[
        int, typer.Option(min=200, max=599, help="Answer verified requests with this, to see what Limi does.")
    ] = 204,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    config: ConfigFile = None,
) -> None:
    """Receive webhooks here, verify them and print what they say; Ctrl-C ends it."""
    from limi.cli.server import run_server  # noqa: PLC0415 - keeps `limi --help` quick

    keep_output_clean()
    given = _given(secret, secret_file)
    if (given is None) is not register:
        raise typer.BadParameter("give one of --secret, --secret-file and --register")
    passing = None if forward is None else _forward_to(forward)
    with (
        bind_socket(host, port, host_setting="--host", port_setting="--port") as listener,
        _secret(given, host, listener.getsockname()[1], event, tenant, config) as known,
    ):
        try:
            verifier = Verifier(secret=known, now=SystemClock().now)
        except ValueError as exc:
            raise fail(str(exc), code=2) from exc
        show = _print_json if as_json else _print_pretty
        run_server(
            Receiver(verifier=verifier, status=status, forward=passing, show=show),
            host=host,
            port=port,
            listener=listener,
            shutdown_seconds=_STOP_SECONDS,
            announce=lambda url: typer.echo(f"limi: listening on {url}", err=True),
        )


def _given(secret: str | None, file: Path | None) -> Secret | None:
    if secret is not None and file is not None:
        raise typer.BadParameter("give --secret or --secret-file, not both")
    if file is not None:
        return Secret(file.read_text(encoding="utf-8").strip())
    return None if secret is None else Secret(secret)


@contextmanager
def _secret(
    given: Secret | None,
    host: str,
    port: int,
    events: list[str] | None,
    tenant: str | None,
    config: Path | None,
) -> Iterator[Secret]:
    """Give the secret; unless it was given, that of an endpoint which is there as long."""
    if given is not None:
        yield given
        return
    shown = f"[{host}]" if ":" in host else host
    # A path of its own, so that what is left in other queues for this port is not taken for news.
    url = f"http://{shown}:{port}/{secrets.token_hex(4)}"
    new = NewEndpoint(url=url, tenant=tenant, events=frozenset(events or ()), description="limi webhook listen")

    async def make(operator: Operator) -> IssuedEndpoint:
        return await operator.webhooks.create(new, by=operator.by, origin=operator.origin)

    issued = operate(config, make)

    async def remove(operator: Operator) -> None:
        await operator.webhooks.remove(issued.endpoint.id, by=operator.by, origin=operator.origin)

    typer.echo(f"limi: made the endpoint {issued.endpoint.id} for {url}", err=True)
    try:
        yield issued.secret
    finally:
        operate(config, remove)
        typer.echo(f"limi: removed the endpoint {issued.endpoint.id}", err=True)


def _forward_to(url: str) -> Forward:
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("--forward must begin with http:// or https://")

    async def forward(body: bytes, headers: Mapping[str, str]) -> int:
        passed = {name: headers[name] for name in _PASSED_ON if name in headers}
        return await asyncio.to_thread(_post, url, body, passed)

    return forward


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to be what it is to Limi: a failure."""

    def redirect_request(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - urllib's
        """Follow nothing."""


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - the developer's own
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_FORWARD_SECONDS) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as exc:
        exc.close()
        return exc.code
    except OSError as exc:
        typer.echo(f"limi: {url} does not answer: {exc}", err=True)
        return _BAD_GATEWAY


def _print_json(received: Received) -> None:
    parsed, raw = _parsed(received.body)
    typer.echo(
        json.dumps(
            {
                "at": moment(SystemClock().now()),
                "id": received.message or None,
                "verified": received.problem is None,
                "problem": received.problem,
                "duplicate": received.again,
                "status": received.status,
                "payload": parsed,
                **({"body": raw} if parsed is None else {}),
            }
        )
    )


def _print_pretty(received: Received) -> None:
    parsed, raw = _parsed(received.body)
    kind = parsed.get("type", "?") if isinstance(parsed, dict) else "not JSON"
    verdict = "verified" if received.problem is None else "NOT VERIFIED"
    again = ", which came before" if received.again else ""
    said = f"{moment(SystemClock().now())}  {kind}  {verdict}  {received.message or 'no id'}{again}"
    typer.echo(_visible(f"{said}  → {received.status}"))
    if received.problem is not None:
        typer.echo(f"  {received.problem}")
    text = raw if parsed is None else json.dumps(parsed, indent=2, ensure_ascii=False)
    typer.echo("\n".join(f"  {_visible(line)}" for line in text.splitlines()))


def _parsed(body: bytes) -> tuple[Any, str]:
    """Return the body as JSON, None where it is none, and as text."""
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text), text
    except (ValueError, RecursionError):
        return None, text


def _visible(text: str) -> str:
    """Spell out what would move a terminal's cursor; whoever sent it need not be Limi."""
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)
