"""The audit log: rows and checkpoints as lines, read page by page so that its size does not matter.

An export of everything can be verified link by link. It ends with a closing line, which signs every byte before
it, so it cannot be cut or changed afterwards; a selection has that protection only.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

import msgspec

from limi.features.journal.lines import checkpoint_line, entry_line, iso_time
from limi.features.journal.model import Checkpoint, JournalEntry, Selection
from limi.features.journal.ports import JournalStore
from limi.features.journal.sealing import Signer
from limi.kernel.csv_rows import csv_row

__all__ = ["Place", "audit_lines", "csv_lines", "entries_in_order", "export_lines", "log_lines", "read_on"]

_PAGE: Final = 1000
"""Entries read at once: about 0.7 MB, and short enough that no read keeps the database from tidying up."""

_NO_LIMIT: Final = 2**63 - 1

_LATE: Final = "frontend"
"""The member that a row's line has only where the row has a value."""

_encode: Final = msgspec.json.Encoder().encode


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """How far a reader of the log has come."""

    seq: int
    """The last row that was read."""
    number: int
    """The last checkpoint that was read."""


class _Closing(msgspec.Struct, frozen=True):
    """The last line of an export, up to its signature."""

    export: str
    lines: int
    sha256: str
    after: int
    selection: dict[str, str] | None
    time: str
    key: str | None


def entries_in_order(
    store: JournalStore, *, after: int = 0, selection: Selection | None = None
) -> Iterator[JournalEntry]:
    """Yield the selected entries whose `seq` is above `after`; only one page is in memory at a time.

    Raises:
        JournalUnavailableError: when the store cannot be read.
    """
    selection = selection or Selection()
    while page := store.entries(after=after, limit=_PAGE, selection=selection):
        yield from page
        after = page[-1].seq


def audit_lines(entries: Iterable[JournalEntry]) -> Iterator[bytes]:
    """Yield each entry as one line of JSON in UTF-8, its time as ISO 8601 in UTC with microseconds."""
    return map(entry_line, entries)


def log_lines(store: JournalStore, *, after: int = 0) -> Iterator[bytes]:
    """Yield every entry above `after`, each checkpoint where it was written, and first where the journal starts.

    Raises:
        JournalUnavailableError: when the store cannot be read.
    """
    start = store.seals.latest_start()
    if start is not None:
        yield checkpoint_line(start)
    place, more = Place(seq=after, number=0), True
    while more:
        lines, place, more = read_on(store, place)
        yield from lines


def read_on(store: JournalStore, place: Place) -> tuple[list[bytes], Place, bool]:
    """Return the lines that follow `place`, one page at most, where they end, and whether to ask again at once.

    A checkpoint is on disk before the first row after it, so what stands between two rows is there once both are.
    Behind the last row come only the checkpoints that were there before rows were asked for: what those cover must
    have been read, or it is missing.

    Raises:
        JournalUnavailableError: when the store cannot be read.
    """
    last = store.seals.last()
    rows = store.entries(after=place.seq, limit=_PAGE, selection=Selection())
    reached = rows[-1].seq if rows else place.seq
    checkpoints: list[Checkpoint] = []
    number = place.number
    up_to = reached - 1 if rows else _NO_LIMIT
    while page := store.seals.page(after=number, limit=_PAGE, from_seq=place.seq, up_to_seq=up_to):
        known = [each for each in page if rows or (last is not None and each.number <= last.number)]
        checkpoints += known
        number = known[-1].number if known else number
        if len(known) < len(page):
            break
    return list(_merged(rows, checkpoints)), Place(seq=reached, number=number), bool(rows)


def export_lines(
    store: JournalStore, *, signer: Signer | None, now: float, after: int = 0, selection: Selection | None = None
) -> Iterator[bytes]:
    """Yield an export: the lines of the log or of a selection, and the closing line.

    Args:
        store: what is exported.
        signer: signs the closing line; without it the export can be cut and changed by whoever holds it.
        now: Unix seconds, for the closing line.
        after: leave out entries up to this `seq`.
        selection: which entries; all of them, with checkpoints, where it selects nothing.

    Raises:
        JournalUnavailableError: when the store cannot be read.
    """
    chosen = _members(selection)
    lines = (
        audit_lines(entries_in_order(store, after=after, selection=selection))
        if chosen
        else log_lines(store, after=after)
    )
    count, digest = 0, sha256()
    for line in lines:
        count += 1
        digest.update(line)
        yield line
    closing = _Closing(
        "end", count, digest.hexdigest(), after, chosen, iso_time(now), signer.key_id if signer else None
    )
    body = _encode(closing)[:-1]
    signature = f'"{signer.sign(body).hex()}"' if signer else "null"
    yield b'%s,"signature":%s}\n' % (body, signature.encode())


def csv_lines(entries: Iterable[JournalEntry]) -> Iterator[bytes]:
    """Yield entries as CSV (RFC 4180) with the same columns and a header, for spreadsheets; it proves nothing."""
    header: list[str] | None = None
    for entry in entries:
        line: dict[str, object] = msgspec.json.decode(entry_line(entry))
        if header is None:
            # Lines leave out what rows did not always have; a table has the same columns in every row.
            header = [*(name for name in line if name != _LATE), _LATE]
            yield csv_row(header)
        yield csv_row([line.get(name) for name in header])


def _merged(rows: Iterable[JournalEntry], checkpoints: Iterable[Checkpoint]) -> Iterator[bytes]:
    """Yield the lines of both, each checkpoint before the first row that it does not cover."""
    waiting = deque(checkpoints)
    for row in rows:
        while waiting and waiting[0].seq < row.seq:
            yield checkpoint_line(waiting.popleft())
        yield entry_line(row)
    yield from map(checkpoint_line, waiting)


def _members(selection: Selection | None) -> dict[str, str] | None:
    """Return what a selection selects by, None where that is nothing."""
    if selection is None:
        return None
    chosen = {name: getattr(selection, name) for name in Selection.__struct_fields__}
    return {name: str(value) for name, value in chosen.items() if value is not None} or None
