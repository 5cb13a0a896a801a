"""Removing rollups, because they are old or because they are to be made anew.

A part at a time: whoever mints waits for SQLite's one lock, and must not wait for a whole table.
"""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from limi.adapters.sql.analytics_database import writing
from limi.adapters.sql.tables import checkpoints, usage_rollups
from limi.adapters.sql.usage_cursors import Cursor, move_cursor, read_cursor, remade
from limi.features.analytics.model import Grain, Source
from limi.features.journal.model import CheckpointKind

__all__ = ["begin_rebuild", "forget_part", "remove_old"]


def remove_old(engine: Engine, *, oldest: Mapping[Grain, int], limit: int) -> int:
    """Remove about `limit` rollups of each grain that began before the grain's oldest, and return how many."""
    removed = 0
    for grain, first in oldest.items():
        old = (usage_rollups.c.grain == grain.seconds, usage_rollups.c.start < first)
        with engine.connect() as connection:
            up_to = _some(connection, old, limit)
        if up_to is not None:
            with writing(engine) as connection:
                gone = usage_rollups.delete().where(*old, usage_rollups.c.start <= up_to)
                removed += connection.execute(gone).rowcount
    return removed


def begin_rebuild(engine: Engine) -> None:
    """Set the cursors to the beginning, and note what is to be forgotten before anything is counted."""
    with writing(engine) as connection:
        for source in Source:
            cursor = read_cursor(connection, source)
            if not cursor.clearing and cursor.seq >= cursor.floor_seq:
                floor = cursor.removed_before if source is Source.CLIENTS else _journal_floor(connection)
                move_cursor(connection, cursor, seq=0, floor_seq=cursor.seq, floor_at=floor, clearing=True)


def forget_part(engine: Engine, cursor: Cursor, limit: int) -> bool:
    """Remove about `limit` of the rollups that a rebuild makes anew; return False when there were none."""
    for grain, first in remade(dict.fromkeys(Grain, 0), cursor.floor_at).items():
        forgotten = (
            usage_rollups.c.grain == grain.seconds,
            usage_rollups.c.start >= first,
            usage_rollups.c.source == cursor.source.value,
        )
        with engine.connect() as connection:
            up_to = _some(connection, forgotten, limit)
        if up_to is not None:
            with writing(engine) as connection:
                # Nothing is counted while this goes on, so nothing that was made anew is among them.
                if move_cursor(connection, cursor, clearing=True):
                    connection.execute(usage_rollups.delete().where(*forgotten, usage_rollups.c.start <= up_to))
            return True
    with writing(engine) as connection:
        move_cursor(connection, cursor, clearing=False)
    return False


def _some(connection: Connection, which: tuple[ColumnElement[bool], ...], limit: int) -> int | None:
    """Return the start up to which there are about `limit` of these rollups, None where there is none."""
    starts = select(usage_rollups.c.start).where(*which).order_by(usage_rollups.c.start).limit(limit)
    found = connection.execute(starts).scalars().all()
    return found[-1] if found else None


def _journal_floor(connection: Connection) -> int:
    """Return since when all rows of the journal are here: the oldest checkpoint, where some were removed."""
    removed = select(checkpoints.c.number).where(checkpoints.c.kind == CheckpointKind.START.value).limit(1)
    if connection.execute(removed).first() is None:
        return 0
    return connection.execute(select(func.min(checkpoints.c.at))).scalar() or 0
