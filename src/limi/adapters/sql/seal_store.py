"""The journal's checkpoints, kept in SQL, and what retention removes."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, or_, select, true

from limi.adapters.sql.engine import write_transaction
from limi.adapters.sql.tables import checkpoints, journal, writers
from limi.features.journal.lines import microseconds
from limi.features.journal.model import CHAIN_START, Checkpoint, CheckpointKind, Link, WriterEnd
from limi.features.journal.ports import MakeCheckpoint

__all__ = ["SQLSealStore"]

_MICROSECONDS: Final = 1_000_000


class SQLSealStore:
    """Implements `limi.features.journal.ports.SealStore` for the journal's own store, which opens and closes."""

    def __init__(self, *, engine: Engine, translated: Callable[[], AbstractContextManager[None]]) -> None:
        """Keep the parts.

        Args:
            engine: the journal's.
            translated: says errors in the words of the journal.
        """
        self._engine = engine
        self._translated = translated

    def add(self, make: MakeCheckpoint) -> Checkpoint:
        """Append `make(last checkpoint, last seq)`, and return it."""
        with self._translated(), write_transaction(self._engine) as connection:
            return _add(connection, make)

    def page(self, *, after: int, limit: int, from_seq: int, up_to_seq: int) -> list[Checkpoint]:
        """Return up to `limit` checkpoints whose number is above `after`, in order."""
        span = checkpoints.c.seq.between(from_seq, up_to_seq)
        query = select(checkpoints).where(checkpoints.c.number > after, span)
        with self._translated(), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(checkpoints.c.number).limit(limit)).all()
        return [_checkpoint(row) for row in rows]

    def last(self) -> Checkpoint | None:
        """Return the last checkpoint."""
        return self._newest(true())

    def latest_start(self) -> Checkpoint | None:
        """Return the last checkpoint of the kind `start`."""
        return self._newest(checkpoints.c.kind == CheckpointKind.START.value)

    def last_before(self, at: float) -> Checkpoint | None:
        """Return the last checkpoint that was written before the Unix second `at`."""
        return self._newest(checkpoints.c.at < microseconds(at))

    def ends_at(self, number: int) -> list[WriterEnd]:
        """Return, for each writer with checkpoints up to `number`, what the last of these signs."""
        last = (
            select(func.max(checkpoints.c.number))
            .where(checkpoints.c.number <= number, checkpoints.c.writer.is_not(None))
            .group_by(checkpoints.c.writer)
        )
        columns = (checkpoints.c.writer, checkpoints.c.chain_n, checkpoints.c.chain_hash)
        query = select(*columns).where(checkpoints.c.number.in_(last)).order_by(checkpoints.c.number)
        with self._translated(), self._engine.connect() as connection:
            return [WriterEnd(writer, Link(n, digest)) for writer, n, digest in connection.execute(query)]

    def writers_after(self, number: int) -> set[str]:
        """Return the writers that still have a lease, and those with checkpoints after `number`."""
        named = checkpoints.c.writer.is_not(None)
        later = select(checkpoints.c.writer).where(checkpoints.c.number > number, named)
        with self._translated(), self._engine.connect() as connection:
            return {*connection.execute(select(writers.c.writer)).scalars(), *connection.execute(later).scalars()}

    def unsealed(self, *, now: float) -> list[WriterEnd]:
        """Return where the chains end of writers whose lease has ended and which `mark_sealed` does not know."""
        with self._translated(), self._engine.connect() as connection:
            return _unsealed(connection, now)

    def seal_dead(self, head: Callable[[WriterEnd], MakeCheckpoint], *, now: float) -> list[Checkpoint]:
        """Append a checkpoint for each chain that `unsealed` tells of, and mark its writer as sealed."""
        if not self.unsealed(now=now):
            return []
        with self._translated(), write_transaction(self._engine) as connection:
            ends = _unsealed(connection, now)
            made = [_add(connection, head(end)) for end in ends if end.end.n]
            names = [end.writer for end in ends]
            connection.execute(writers.update().where(writers.c.writer.in_(names)).values(sealed=True))
            return made

    def mark_sealed(self, writer: str) -> None:
        """Take note that a checkpoint covers all rows of `writer`, until it renews its lease."""
        with self._translated(), write_transaction(self._engine) as connection:
            connection.execute(writers.update().where(writers.c.writer == writer).values(sealed=True))

    def remove_rows(self, *, after: int, up_to: int, ends: Sequence[WriterEnd]) -> None:
        """Remove the rows with `seq` in (`after`, `up_to`] which one of `ends` covers or which have no chain."""
        place = and_(journal.c.seq > after, journal.c.seq <= up_to)
        with self._translated(), write_transaction(self._engine) as connection:
            found = connection.execute(select(journal.c.writer).where(place).distinct()).scalars()
            here = set(found)
            covered = [
                and_(journal.c.writer == each.writer, journal.c.n <= each.end.n)
                for each in ends
                if each.writer in here
            ]
            connection.execute(journal.delete().where(place, or_(journal.c.n.is_(None), *covered)))

    def remove_checkpoints(self, *, below: int, limit: int) -> int:
        """Remove up to `limit` checkpoints whose number is below `below`; return how many there were."""
        oldest = select(checkpoints.c.number).where(checkpoints.c.number < below)
        some = oldest.order_by(checkpoints.c.number).limit(limit)
        with self._translated(), write_transaction(self._engine) as connection:
            return connection.execute(checkpoints.delete().where(checkpoints.c.number.in_(some))).rowcount

    def _newest(self, which: ColumnElement[bool]) -> Checkpoint | None:
        query = select(checkpoints).where(which).order_by(checkpoints.c.number.desc()).limit(1)
        with self._translated(), self._engine.connect() as connection:
            return _first(connection.execute(query).all())


def _add(connection: Connection, make: MakeCheckpoint) -> Checkpoint:
    newest = select(checkpoints).order_by(checkpoints.c.number.desc()).limit(1)
    seq = connection.execute(select(func.max(journal.c.seq))).scalar() or 0
    made = make(_first(connection.execute(newest).all()), seq)
    connection.execute(checkpoints.insert().values(_row(made)))
    return made


def _unsealed(connection: Connection, now: float) -> list[WriterEnd]:
    columns = (writers.c.writer, writers.c.settled_seq, writers.c.chain_n, writers.c.chain_hash)
    query = select(*columns).where(writers.c.lease_until < microseconds(now), ~writers.c.sealed)
    return [
        WriterEnd(writer, _last_link(connection, writer, settled, Link(n, digest) if n else CHAIN_START))
        for writer, settled, n, digest in connection.execute(query).all()
    ]


def _last_link(connection: Connection, writer: str, settled: int, renewed: Link) -> Link:
    """Return the end of a dead writer's chain: its last row after the last renewal, else what that one noted."""
    query = select(journal.c.n, journal.c.hash).where(
        journal.c.seq > settled, journal.c.writer == writer, journal.c.n.is_not(None)
    )
    row = connection.execute(query.order_by(journal.c.seq.desc()).limit(1)).first()
    return Link(*row) if row is not None and row.n >= renewed.n else renewed


def _row(checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "number": checkpoint.number,
        "kind": checkpoint.kind.value,
        "seq": checkpoint.seq,
        "at": microseconds(checkpoint.at),
        "writer": checkpoint.writer,
        "chain_n": checkpoint.end.n if checkpoint.end else None,
        "chain_hash": checkpoint.end.hash if checkpoint.end else None,
        "body": checkpoint.body,
        "signature": checkpoint.signature,
    }


def _first(rows: Sequence[Row[Any]]) -> Checkpoint | None:
    return _checkpoint(rows[0]) if rows else None


def _checkpoint(row: Row[Any]) -> Checkpoint:
    return Checkpoint(
        number=row.number,
        kind=CheckpointKind(row.kind),
        seq=row.seq,
        at=row.at / _MICROSECONDS,
        writer=row.writer,
        end=Link(row.chain_n, row.chain_hash) if row.writer is not None else None,
        body=row.body,
        signature=row.signature,
    )
