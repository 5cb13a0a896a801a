"""`limi audit`: the audit log, read from the database; the server may be running or not."""

import os
import sys
from contextlib import closing
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, BinaryIO, Final

import typer

from limi.adapters.configuration import load_settings
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.errors import DatabaseError
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.features.journal.export import audit_lines, entries_in_order
from limi.features.journal.model import Selection
from limi.kernel.facts import EventName
from limi.kernel.journal import JournalUnavailableError

__all__ = ["audit_app", "write_audit"]

_BUSY_SECONDS: Final = 30.0
"""How long a read waits for a lock: nobody's request depends on it, so long enough for a server's recovery."""


class Format(StrEnum):
    """How entries are printed."""

    JSONL = "jsonl"


audit_app = typer.Typer(help="Read the audit log.", no_args_is_help=True)


@audit_app.callback()
def _audit() -> None:
    """Read the audit log."""


def _moment(text: str) -> datetime:
    """Read a time; one without an offset is taken as UTC, like the times in the export."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time such as 2026-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_SINCE: Final = typer.Option(parser=_moment, metavar="TIME", help="Entries at this ISO 8601 time or later.")
_UNTIL: Final = typer.Option(parser=_moment, metavar="TIME", help="Entries before this ISO 8601 time.")


@audit_app.command()
def export(
    *,
    format_: Annotated[Format, typer.Option("--format", help="One JSON object a line.")] = Format.JSONL,  # noqa: ARG001
    after: Annotated[int, typer.Option(metavar="SEQ", min=0, help="Entries after this `seq`.")] = 0,
    since: Annotated[datetime | None, _SINCE] = None,
    until: Annotated[datetime | None, _UNTIL] = None,
    event: Annotated[EventName | None, typer.Option(help="Entries of this event only.")] = None,
) -> None:
    """Print the audit log of the database in LIMI_DATABASE_URL, oldest entry first.

    To continue an export, pass the last line's `seq` as --after.
    """
    selection = Selection(since=since, until=until, event=event)
    try:
        write_audit(load_settings().database.url, sys.stdout.buffer, after=after, selection=selection)
    except BrokenPipeError:
        # Whoever read has seen enough. Python would complain at the end when it flushes what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (DatabaseError, JournalUnavailableError) as exc:
        typer.echo(f"limi audit: {exc}", err=True)
        raise typer.Exit(1) from exc


def write_audit(url: str, out: BinaryIO, *, after: int = 0, selection: Selection) -> None:
    """Write the selected entries of the database `url` to `out`, one line each, as they are read.

    Raises:
        DatabaseError: when there is no such database.
        JournalUnavailableError: when it cannot be read or has no tables of this version.
    """
    with closing(SQLJournalStore(engine=open_engine(url, busy_seconds=_BUSY_SECONDS))) as store:
        store.ping()
        out.writelines(audit_lines(entries_in_order(store, after=after, selection=selection)))
        out.flush()
