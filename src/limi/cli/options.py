"""Options that several commands share."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import typer

__all__ = ["end_option", "read_end"]

_DAYS: Final = re.compile(r"([0-9]{1,5})d")


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
