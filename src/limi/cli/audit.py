"""`limi audit`: the audit log, read and verified from the database; the server may be running or not."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from limi.adapters.configuration import load_settings
from limi.adapters.key_files import find_root
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.errors import DatabaseError
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.audit import make_privacy, make_signer
from limi.cli.options import GREATEST_NUMBER, require_text
from limi.features.journal.export import audit_lines, csv_lines, entries_in_order, export_lines, log_lines
from limi.features.journal.lines import iso_time
from limi.features.journal.model import JournalEntry, Selection
from limi.features.journal.ports import JournalStore
from limi.features.journal.sealing import Signer
from limi.features.journal.verifier import Report, describe, load_keys, verify
from limi.kernel.clock import SystemClock
from limi.kernel.facts import EventName
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.secret import Secret
from limi.kernel.settings import Settings

__all__ = ["audit_app", "follow", "write_audit"]

_BUSY_SECONDS: Final = 30.0
"""How long a read waits for a lock: nobody's request depends on it, so long enough for a server's recovery."""
_FOLLOW_SECONDS: Final = 0.5
_PAGE: Final = 1000


class Format(StrEnum):
    """How entries are printed."""

    JSONL = "jsonl"
    CSV = "csv"


audit_app = typer.Typer(help="Read and verify the audit log.", no_args_is_help=True)


def _moment(text: str) -> datetime:
    """Read a time; one without an offset is taken as UTC, like the times in the export."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time such as 2026-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_Config = Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)]
_Since = Annotated[
    datetime | None,
    typer.Option(parser=_moment, metavar="TIME", help="Entries at this ISO 8601 time or later."),
]
_Until = Annotated[
    datetime | None, typer.Option(parser=_moment, metavar="TIME", help="Entries before this ISO 8601 time.")
]
_Event = Annotated[EventName | None, typer.Option(help="Entries of this event only.")]
_Tenant = Annotated[str | None, typer.Option(callback=require_text, help="Entries of this tenant only.")]
_Caller = Annotated[
    str | None,
    typer.Option(callback=require_text, help="Entries of this caller only: key:ID, user:SUBJECT, ip:ADDRESS."),
]
_Subject = Annotated[
    str | None,
    typer.Option(callback=require_text, help="Entries about this only: key:ID, tenant:ID, profile:NAME@N."),
]


@audit_app.callback()
def _audit() -> None:
    """Read and verify the audit log."""


@audit_app.command()
def export(
    *,
    format_: Annotated[
        Format, typer.Option("--format", help="One JSON object a line, which can be verified; or a table.")
    ] = Format.JSONL,
    after: Annotated[
        int, typer.Option(metavar="SEQ", min=0, max=GREATEST_NUMBER, help="Entries after this `seq`.")
    ] = 0,
    since: _Since = None,
    until: _Until = None,
    event: _Event = None,
    tenant: _Tenant = None,
    caller: _Caller = None,
    subject: _Subject = None,
    config: _Config = None,
) -> None:
    """Print the audit log of the database in LIMI_DATABASE_URL, oldest entry first.

    The last line of JSON signs all others. To continue an export, pass the last row's `seq` as --after.
    """
    with _answered():
        desk = _Desk.open(config)
        selection = desk.select(
            Selection(since=since, until=until, event=event, tenant=tenant, caller=caller, subject=subject)
        )
        if desk.signer is None and format_ is Format.JSONL:
            typer.echo("limi audit: there is no root key here, so the export is not signed", err=True)
        url = desk.settings.database.url
        write_audit(url, sys.stdout.buffer, after=after, selection=selection, format_=format_, signer=desk.signer)


@audit_app.command()
def tail(
    *,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=GREATEST_NUMBER, help="How many of the last entries.")
    ] = 20,
    follow_: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new ones until interrupted.")
    ] = False,
    event: _Event = None,
    tenant: _Tenant = None,
    caller: _Caller = None,
    subject: _Subject = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    config: _Config = None,
) -> None:
    """Print the last entries of the audit log, and with --follow those that come."""
    with _answered(), _until_interrupted():
        desk = _Desk.open(config)
        selection = desk.select(Selection(event=event, tenant=tenant, caller=caller, subject=subject))
        with _opened(desk.settings.database.url) as store:
            entries: Iterable[JournalEntry] = (
                follow(store, selection, lines) if follow_ else store.newest(limit=lines, selection=selection)
            )
            for entry in entries:
                sys.stdout.buffer.write(next(audit_lines([entry])) if as_json else _short(entry))
                sys.stdout.buffer.flush()


@audit_app.command("verify")
def verify_(
    log: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="An export; without it, the database.", dir_okay=False)
    ] = None,
    *,
    key: Annotated[
        list[Path] | None,
        typer.Option(help="A file with a public key, instead of this server's own; may be repeated."),
    ] = None,
    open_: Annotated[
        bool,
        typer.Option("--open", help="The file has no closing line and may begin anywhere, as LIMI_AUDIT_FILE."),
    ] = False,
    known: Annotated[
        Path | None,
        typer.Option(help="An earlier export or copy, whose last checkpoint must still be there.", dir_okay=False),
    ] = None,
    config: _Config = None,
) -> None:
    """Say whether the audit log is what the server wrote, and name the rows that are not.

    Exit code 1 says that something is wrong, 2 that it could not be verified.
    """
    with _answered():
        desk = _Desk.open(config)
        try:
            keys = load_keys(*_public_keys(desk, key or []))
            expected = _last_checkpoint(known) if known else None
            if log is None:
                with _opened(desk.settings.database.url) as store:
                    report = verify(log_lines(store), keys, closed=False, known=expected)
            else:
                with log.open("rb") as lines:
                    report = verify(lines, keys, closed=not open_, whole=not open_, known=expected)
        except (OSError, ValueError) as exc:
            typer.echo(f"limi audit: {exc}", err=True)
            raise typer.Exit(2) from exc
        _show(report)


@audit_app.command("public-key")
def public_key(*, config: _Config = None) -> None:
    """Print the public key that the audit log is verified with, as PEM; it is no secret."""
    with _answered():
        typer.echo(_require_signer(_Desk.open(config)).public_pem, nl=False)


def write_audit(
    url: str,
    out: BinaryIO,
    *,
    after: int = 0,
    selection: Selection,
    format_: Format = Format.JSONL,
    signer: Signer | None = None,
    now: Callable[[], float] = time.time,
) -> None:
    """Write the selected entries of the database `url` to `out`, one line each, as they are read.

    Raises:
        DatabaseError: when there is no such database.
        JournalUnavailableError: when it cannot be read or has no tables of this version.
    """
    with _opened(url) as store:
        if format_ is Format.CSV:
            out.writelines(csv_lines(entries_in_order(store, after=after, selection=selection)))
        else:
            out.writelines(export_lines(store, signer=signer, now=now(), after=after, selection=selection))
        out.flush()


def follow(
    store: JournalStore,
    selection: Selection,
    lines: int,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[JournalEntry]:
    """Yield the last `lines` selected entries, then those that come, for ever."""
    newest = store.newest(limit=1, selection=Selection())
    after = newest[-1].seq if newest else 0
    yield from (entry for entry in store.newest(limit=lines, selection=selection) if entry.seq <= after)
    while True:
        page = store.entries(after=after, limit=_PAGE, selection=selection)
        yield from page
        if page:
            after = page[-1].seq
        else:
            sleep(_FOLLOW_SECONDS)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every command needs."""

    settings: Settings
    root: Secret | None
    signer: Signer | None

    @classmethod
    def open(cls, config: Path | None) -> "_Desk":
        settings = load_settings(file=config)
        root = find_root(settings)
        return cls(settings, root, make_signer(root, clock=SystemClock()) if root else None)

    def select(self, selection: Selection) -> Selection:
        """Return the selection in the words of the journal, which may keep a hash in place of an address."""
        if self.root is None or selection.caller is None:
            return selection
        caller = make_privacy(self.settings, self.root).caller(selection.caller)
        return Selection(
            since=selection.since,
            until=selection.until,
            event=selection.event,
            tenant=selection.tenant,
            caller=caller,
            subject=selection.subject,
        )


def _public_keys(desk: _Desk, files: list[Path]) -> list[bytes]:
    return [file.read_bytes() for file in files] or [_require_signer(desk).public_pem.encode()]


def _last_checkpoint(known: Path) -> bytes:
    last = None
    with known.open("rb") as lines:
        for line in lines:
            if line.startswith(b'{"checkpoint":'):
                last = line
    if last is None:
        msg = f"{known} has no checkpoint"
        raise ValueError(msg)
    return last


def _require_signer(desk: _Desk) -> Signer:
    if desk.signer is None:
        typer.echo(
            "limi audit: there is no root key here (LIMI_SECRET_KEY_FILE), so nobody can say which key signs.",
            err=True,
        )
        raise typer.Exit(2)
    return desk.signer


@contextmanager
def _opened(url: str) -> Iterator[SQLJournalStore]:
    with closing(SQLJournalStore(engine=open_engine(url, busy_seconds=_BUSY_SECONDS))) as store:
        store.ping()
        yield store


@contextmanager
def _answered() -> Iterator[None]:
    """Turn what may go wrong into a sentence and an exit code."""
    try:
        yield
    except BrokenPipeError:
        # Whoever read has seen enough. Python would complain at the end when it flushes what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (DatabaseError, JournalUnavailableError) as exc:
        typer.echo(f"limi audit: {exc}", err=True)
        raise typer.Exit(1) from exc


@contextmanager
def _until_interrupted() -> Iterator[None]:
    """End quietly when the person who follows has seen enough."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _show(report: Report) -> None:
    for line in describe(report):
        typer.echo(line)
    if not report.sound:
        raise typer.Exit(1)


def _short(entry: JournalEntry) -> bytes:
    """Return an entry as a line for people; what callers sent cannot move a terminal's cursor."""
    parts = (
        iso_time(entry.at)[:23] + "Z",
        f"{entry.event:<18}",
        entry.caller,
        entry.tenant,
        entry.subject or entry.session_id,
        entry.code,
        entry.detail,
    )
    text = "  ".join(part for part in parts if part)
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text).encode() + b"\n"
