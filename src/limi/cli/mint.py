"""`limi mint`: one key from a running backend, for a person or a script."""

import json
import sys
from typing import Annotated, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import typer

__all__ = ["mint"]


def mint(
    *,
    backend: Annotated[str, typer.Option(help="The backend's URL.")] = "http://localhost:3001",
    model: Annotated[str | None, typer.Option(help="Model to ask for.")] = None,
    profile: Annotated[str | None, typer.Option(help="Profile to ask for.")] = None,
    session_id: Annotated[str | None, typer.Option(help="Your name for the session.")] = None,
    key: Annotated[str | None, typer.Option(help="Limi API key.", envvar="LIMI_API_KEY")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer.")] = False,
) -> None:
    """Mint a key at a running backend and print it."""
    wishes = {"model": model, "profile": profile, "sessionId": session_id}
    status, answer = _post(backend, {name: value for name, value in wishes.items() if value}, key)
    if status != 200:  # noqa: PLR2004 - the one success
        typer.echo(f"{answer.get('code', status)}: {answer.get('message', 'no answer that Limi gives')}", err=True)
        if "action" in answer:
            typer.echo(answer["action"], err=True)
        sys.exit(1)
    typer.echo(json.dumps(answer, indent=2) if as_json else answer["ephemeralKey"])


def _post(backend: str, body: dict[str, str], key: str | None) -> tuple[int, dict[str, Any]]:
    if not backend.startswith(("http://", "https://")):
        typer.echo("--backend must begin with http:// or https://", err=True)
        sys.exit(2)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    url = f"{backend.rstrip('/')}/api/client-secret"
    request = Request(url, data=json.dumps(body).encode(), headers=headers)  # noqa: S310 - checked above
    try:
        with urlopen(request, timeout=30) as response:  # noqa: S310 - checked above
            return response.status, json.load(response)
    except HTTPError as exc:
        return exc.code, _object(exc.read())
    except (URLError, OSError) as exc:
        typer.echo(
            f"{backend} does not answer: {getattr(exc, 'reason', exc)}. Start it with `limi serve`.", err=True
        )
        sys.exit(1)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
