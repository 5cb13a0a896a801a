"""`limi mint`: one key from a running backend, for a person or a script."""

import asyncio
import json
import sys
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from limi import __version__
from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.transports import Answer, TransportError

__all__ = ["mint"]

_TIMEOUT_SECONDS: Final = 30.0
"""Longer than the backend waits for upstream, so that its own answer about a time-out arrives."""
_MAX_BYTES: Final = 1_048_576
"""A real answer is under 1 KB."""
_NOT_IN_A_BASE: Final = frozenset(" ?#")
"""Before a path these would make another request of it than was meant."""


def mint(
    *,
    backend: Annotated[
        str, typer.Option(help="The backend's URL, with or without the /api that clients are given.")
    ] = "http://localhost:3001",
    model: Annotated[str | None, typer.Option(help="Model to ask for.")] = None,
    profile: Annotated[str | None, typer.Option(help="Profile to ask for.")] = None,
    session_id: Annotated[str | None, typer.Option(help="Your name for the session.")] = None,
    key: Annotated[str | None, typer.Option(help="Limi API key.", envvar="LIMI_API_KEY")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer.")] = False,
) -> None:
    """Mint a key at a running backend and print it."""
    wishes = {"model": model, "profile": profile, "sessionId": session_id}
    status, answer = _post(backend, {name: value for name, value in wishes.items() if value}, key)
    if status != 200 or "ephemeralKey" not in answer:  # noqa: PLR2004 - the one success
        typer.echo(f"{answer.get('code', status)}: {answer.get('message', 'no answer that Limi gives')}", err=True)
        if "action" in answer:
            typer.echo(answer["action"], err=True)
        sys.exit(1)
    typer.echo(json.dumps(answer, indent=2) if as_json else answer["ephemeralKey"])


def _post(backend: str, body: dict[str, str], key: str | None) -> tuple[int, dict[str, Any]]:
    if problem := _unsendable(backend, key):
        typer.echo(problem, err=True)
        sys.exit(2)
    try:
        answer = asyncio.run(_ask(backend.rstrip("/").removesuffix("/api"), json.dumps(body).encode(), key))
    except TransportError as exc:
        typer.echo(f"{backend} does not answer: {exc.reason}. Start it with `limi serve`.", err=True)
        sys.exit(1)
    return answer.status, _object(answer.body)


def _unsendable(backend: str, key: str | None) -> str | None:
    """Say what of the arguments no request can carry, without the key; a server started anew would not help."""
    if not backend.startswith(("http://", "https://")):
        return "--backend must begin with http:// or https://"
    try:
        parts = urlsplit(backend)
        named = parts.hostname and parts.port != 0 and backend.isprintable() and not set(backend) & _NOT_IN_A_BASE
    except ValueError:
        named = False
    if not named:
        return "--backend cannot be asked: it must be a URL of host, port and path, such as http://localhost:3001"
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        return "--key (LIMI_API_KEY) cannot be sent: it must hold visible ASCII characters only"
    return None


async def _ask(backend: str, body: bytes, key: str | None) -> Answer:
    # Upstream's transport, because it follows no redirect with the key, and uses no proxy.
    transport = HTTPTransport(
        base_url=backend,
        timeout_seconds=_TIMEOUT_SECONDS,
        max_bytes=_MAX_BYTES,
        user_agent=f"limi-mint/{__version__}",
    )
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
    try:
        return await transport.send("POST", "/api/client-secret", headers=headers, body=body)
    finally:
        await transport.close()


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
