"""How commands answer: a table for people, or one JSON document and nothing else for programs."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = [
    "AsJSON",
    "Quiet",
    "Yes",
    "confirm",
    "fail",
    "moment",
    "print_answer",
    "print_facts",
    "print_issued",
    "print_json",
    "print_table",
    "shown",
]

AsJSON = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the secret and nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before what cannot be undone.")]

_WIDE: Final = 1000
"""Columns where nobody looks: output that goes into a file or a program is never folded."""


def print_json(value: object) -> None:
    """Print `value` as JSON for people and programs alike."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_answer(answer: msgspec.Struct, *, as_json: bool) -> None:
    """Print what a thing is: its members one a line, or as JSON."""
    if as_json:
        print_json(answer)
    else:
        print_facts(msgspec.to_builtins(answer))


def print_issued(answer: msgspec.Struct, secret: str, of: str, *, quiet: bool, as_json: bool) -> None:
    """Print a secret that is shown once: alone on the output, so that a program may take it, or with all as JSON.

    Args:
        answer: everything, for JSON.
        secret: the secret itself.
        of: what it is, such as `token of the key 123`.
        quiet: whether nothing is said of it.
        as_json: whether JSON is wanted.
    """
    if as_json:
        print_json(answer)
        return
    if not quiet:
        typer.echo(f"The {of}, which is shown this once:", err=True)
    typer.echo(secret)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print one line for each of `rows`, or the sentence `empty` where there are none."""
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    if table.row_count:
        _console().print(table)
    else:
        typer.echo(empty)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print names with their values, one a line."""
    width = max(map(len, facts))
    for name, value in facts.items():
        typer.echo(f"{name:<{width}}  {shown(value)}")


def shown(value: object) -> str:
    """Return a value as people read it, on one line and without what would move a terminal's cursor."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (frozenset, set)):
        value = sorted(value)
    if isinstance(value, (tuple, list)):
        return ", ".join(map(shown, value)) or "none"
    if isinstance(value, Mapping):
        value = msgspec.json.encode(value).decode()
    text = value.value if isinstance(value, StrEnum) else str(value)
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def moment(unix_seconds: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC, to the second."""
    if unix_seconds is None:
        return None
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def confirm(question: str, *, yes: bool) -> None:
    """Return when whoever runs the command means it.

    Raises:
        typer.Exit: with 1 when they do not, with 2 when there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        typer.echo(f"limi: {question} Nobody can be asked here: add --yes.", err=True)
        raise typer.Exit(2)
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)


def fail(message: str, *, code: int = 1) -> typer.Exit:
    """Print a sentence to the error stream, and return what ends the command."""
    typer.echo(f"limi: {message}", err=True)
    return typer.Exit(code)


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)
