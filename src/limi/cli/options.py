"""Options that several commands share."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import typer

__all__ = ["GREATEST_NUMBER", "end_option", "read_end", "read_start", "require_text", "start_option"]

GREATEST_NUMBER: Final = 2**63 - 1
"""Of a row: databases know no greater one."""
_DAYS: Final = re.compile(r"([0-9]{1,5})d")
_AGO: Final = re.compile(r"([0-9]{1,5})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def require_text(value: str | None) -> str | None:
    """Return what was given, for options whose value a database is asked for.

    Raises:
        typer.BadParameter: it holds bytes that are no text, which a shell passes on as they are.
    """
    if value is not None and not value.isprintable():
        raise typer.BadParameter("must be text in UTF-8 without control characters")
    return value


def end_option(help_text: str) -> Any:  # noqa: ANN401 - as typer.Option itself
    """Return an option that takes a time in the future."""
    said = f"{help_text} An ISO 8601 time, in UTC unless it says otherwise, or days from now such as 90d."
    return typer.Option(parser=read_end, metavar="TIME", help=said)


def read_end(text: str) -> datetime:
    """Read a time, or a number of days from now; a time without an offset is taken as UTC.

    Raises:
        typer.BadParameter: it is neither.
    """
    try:
        if found := _DAYS.fullmatch(text):
            return datetime.now(UTC) + timedelta(days=int(found[1]))
        end = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        message = f"{text!r} is no ISO 8601 time such as 2026-01-31T12:00:00Z, nor days such as 90d"
        raise typer.BadParameter(message) from None
    return end if end.tzinfo else end.replace(tzinfo=UTC)


def start_option(help_text: str) -> Any:  # noqa: ANN401 - as typer.Option itself
    """Return an option that takes a time in the past."""
    said = f"{help_text} An ISO 8601 time, in UTC unless it says otherwise, or how long ago: 30m, 6h, 2d."
    return typer.Option(parser=read_start, metavar="TIME", help=said)


def read_start(text: str) -> datetime:
    """Read a time, or how long ago it was; a time without an offset is taken as UTC.

    Raises:
        typer.BadParameter: it is neither.
    """
    try:
        if found := _AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
        start = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        message = f"{text!r} is no ISO 8601 time such as 2026-01-31T12:00:00Z, nor how long ago such as 6h"
        raise typer.BadParameter(message) from None
    return start if start.tzinfo else start.replace(tzinfo=UTC)
