"""The audit log: the journal's entries as lines of JSON, read page by page so that its size does not matter."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from limi.features.journal.model import JournalEntry, Selection
from limi.features.journal.ports import JournalStore

__all__ = ["audit_lines", "entries_in_order"]

_PAGE: Final = 1000
"""Entries read at once: about 0.5 MB, and short enough that no read keeps the database from tidying up."""


class _Line(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One line. Members without a value are there as null, so that every line has the same columns."""

    seq: int
    id: str
    time: str
    event: str
    request_id: str
    session_id: str | None
    model: str | None
    tenant: str | None
    caller: str
    ip: str | None
    user_agent: str | None
    outcome: str
    duration_ms: int | None
    expires_at: int | None
    code: str | None
    resolves: str | None


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
    """Yield each entry as one line of JSON in UTF-8, its time as ISO 8601 in UTC with milliseconds."""
    encoder = msgspec.json.Encoder()
    for entry in entries:
        yield encoder.encode(_line(entry)) + b"\n"


def _line(entry: JournalEntry) -> _Line:
    time = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _Line(time=time, **{name: getattr(entry, name) for name in _Line.__struct_fields__ if name != "time"})
