"""The next rows of both sources, as far as they matter to counting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, literal_column, select, text

from limi.adapters.sql.tables import client_events, journal
from limi.adapters.sql.usage_cursors import Cursor
from limi.features.analytics.model import ClientEvent, EventKey, EventType, Source, SourceRow
from limi.features.analytics.sources import COUNTED_EVENTS, TRUE_ENDS, client_row, journal_row
from limi.kernel.facts import EventName
from limi.kernel.frontends import Frontend

__all__ = ["Part", "read_part"]

_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """The next rows of a source."""

    number: int
    """How many there are."""
    last: int
    """The last one's `seq`."""
    rows: Sequence[SourceRow]
    """What they count for; rows that count alike may be one here, and one that takes another back may be two."""


def read_part(connection: Connection, source: Source, cursor: Cursor, limit: int) -> Part:
    """Return up to `limit` rows of `source` that come after `cursor`."""
    return _READ[source](connection, cursor, limit)


_SAID: Final = ("event", "tenant", "frontend", "model", "code", "detail")
"""Columns that `journal_row` is given beside number and time."""
_MINUTE: Final = journal.c.at // (60 * _MICROSECONDS) * 60
_NEXT: Final = (
    select(journal.c.seq)
    .where(journal.c.seq > bindparam("after"))
    .order_by(journal.c.seq)
    .limit(bindparam("most"))
    .subquery()
)
_EXTENT: Final = select(func.count(), func.max(_NEXT.c.seq))
"""How many rows there are, and the last one's `seq`."""

_KIND: Final = ((journal.c.seq > bindparam("floor")).label("fresh"), _MINUTE.label("minute"))
_ALIKE: Final = (
    select(func.count(), func.max(journal.c.seq), _KIND[1], *(journal.c[name] for name in _SAID))
    .where(
        journal.c.seq > bindparam("after"),
        journal.c.seq <= bindparam("last"),
        journal.c.event.in_(COUNTED_EVENTS),
    )
    .group_by(*_KIND, *(journal.c[name] for name in _SAID))
)
"""How many rows that count for something count alike, and their last `seq`.

The database adds up because there are few kinds of rows: with an object a row it took three times as long, and as
often as it went for a row it made the event loop's thread wait for the interpreter's lock.
"""


_LATER: Final = journal.alias("later")
_TAKEN_BACK: Final = select(
    literal_column("-1"), _LATER.c.seq, _MINUTE, *(journal.c[name] for name in _SAID)
).where(
    _LATER.c.seq > bindparam("after"),
    _LATER.c.seq <= bindparam("last"),
    _LATER.c.event.in_(TRUE_ENDS),
    journal.c.resolves == _LATER.c.resolves,
    # Spelt out, or the small index of these rows could not be used.
    text(f"journal.event = '{EventName.TOKEN_UNRESOLVED.value}'"),
)
"""The rows that rows of a part show to have been wrong, as -1 of them: their writer was taken for dead, and lived.

An end that is there first leaves nothing unresolved, so the wrong row has been read before, or is in this part.
"""


def _read_journal(connection: Connection, cursor: Cursor, limit: int) -> Part:
    number, last = connection.execute(_EXTENT, {"after": cursor.seq, "most": limit}).one()
    if not number:
        return Part(0, 0, [])
    within = {"after": cursor.seq, "last": last}
    alike = connection.execute(_ALIKE, {**within, "floor": cursor.floor_seq})
    taken_back = connection.execute(_TAKEN_BACK, within)
    return Part(number, last, [_counted(row) for row in (*alike, *taken_back)])


def _counted(row: Sequence[Any]) -> SourceRow:
    times, seq, minute, event, tenant, frontend, model, code, detail = row
    return journal_row(
        seq=seq,
        at=minute,
        event=event,
        tenant=tenant,
        frontend=frontend,
        model=model,
        code=code,
        detail=detail,
        times=times,
    )


def _read_events(connection: Connection, cursor: Cursor, limit: int) -> Part:
    fresh = select(client_events).where(client_events.c.seq > cursor.seq)
    found = connection.execute(fresh.order_by(client_events.c.seq).limit(limit))
    rows = [client_row(row.seq, _event(row)) for row in found]
    return Part(len(rows), rows[-1].seq if rows else 0, rows)


def _event(row: Row[Any]) -> ClientEvent:
    # What a newer Limi may have written and this one does not know is counted as an error of an unknown kind.
    known = row.type in set(EventType)
    return ClientEvent(
        key=EventKey(row.tenant, row.id),
        type=EventType(row.type) if known else EventType.ERROR_OCCURRED,
        at=row.at / _MICROSECONDS,
        frontend=Frontend(row.frontend) if row.frontend in set(Frontend) else Frontend.UNKNOWN,
        duration_ms=row.duration_ms,
        code=row.code if known else row.type,
    )


_READ: Final = {Source.JOURNAL: _read_journal, Source.CLIENTS: _read_events}
