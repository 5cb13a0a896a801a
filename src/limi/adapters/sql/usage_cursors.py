"""How far each source of usage is counted, and what a rebuild has left to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select, update

from limi.adapters.sql.errors import SchemaError
from limi.adapters.sql.tables import usage_projections
from limi.features.analytics.model import Grain, Source

__all__ = ["Cursor", "move_cursor", "read_cursor", "remade"]

_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """One row of its table; times are Unix microseconds."""

    source: Source
    seq: int
    """The last row that is counted."""
    owner: str
    owned_until: int
    floor_seq: int
    """Rows up to here are counted anew."""
    floor_at: int
    """They count only for stretches that begin then or later."""
    removed_before: int
    """Rows from before may be gone."""
    clearing: bool
    """Whether there still are rollups that a rebuild forgets."""


def read_cursor(connection: Connection, source: Source) -> Cursor:
    """Return where `source` is.

    Raises:
        SchemaError: its row is missing.
    """
    row = connection.execute(
        select(usage_projections).where(usage_projections.c.source == source.value)
    ).one_or_none()
    if row is None:
        raise SchemaError("The cursor of the rollups is missing.", hint="Restore the database from a backup.")
    return Cursor(source, *row[1:])


def move_cursor(connection: Connection, cursor: Cursor, **values: object) -> bool:
    """Change the cursor if it is still where it was; on PostgreSQL whoever else would waits here."""
    where = usage_projections.c
    moved = connection.execute(
        update(usage_projections)
        .where(
            where.source == cursor.source.value,
            where.seq == cursor.seq,
            where.floor_seq == cursor.floor_seq,
            where.floor_at == cursor.floor_at,
            where.clearing == cursor.clearing,
        )
        .values(values)
    )
    return moved.rowcount == 1


def remade(oldest: Mapping[Grain, int], floor_at: int) -> Mapping[Grain, int]:
    """Return from where on stretches can be made anew: those that begin after the last row that is gone.

    Args:
        oldest: for each grain the start of the oldest stretch that is wanted.
        floor_at: Unix microseconds from which on all rows are there.
    """
    return {grain: max(first, grain.end(floor_at / _MICROSECONDS)) for grain, first in oldest.items()}
