"""The journal's port, kept in SQL.

Appending is the hot path, so it is one statement of driver SQL (`journal_rows`) on a connection of its own, where
the statement is its own transaction. Everything else is SQLAlchemy Core.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from math import floor
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, func, literal_column, or_, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from limi.adapters.sql.engine import SQLITE, take_write_lock, write_transaction
from limi.adapters.sql.errors import DatabaseReplacedError, SchemaError
from limi.adapters.sql.journal_rows import COLUMNS, MAX_ROWS, insert_rows, make_row
from limi.adapters.sql.opened_file import check_file
from limi.adapters.sql.outbox import insert_deliveries, insert_rows_with_deliveries
from limi.adapters.sql.schema import check_schema
from limi.adapters.sql.seal_store import SQLSealStore
from limi.adapters.sql.tables import journal, writers
from limi.features.journal.errors import FactRefusedError
from limi.features.journal.lines import microseconds as _micros
from limi.features.journal.model import JournalEntry, Link, LiveToken, LiveTokens, Selection
from limi.features.journal.ports import Delivery, Wanted, unlinked, wanted_by_nobody
from limi.kernel.facts import EventName, Fact, Outcome
from limi.kernel.journal import JournalUnavailableError

__all__ = ["SQLJournalStore"]

_MICROSECONDS: Final = 1_000_000

_REFUSALS: Final = (
    IntegrityError,
    DataError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    OverflowError,
    UnicodeEncodeError,
)
"""What says that a value is at fault and not the database."""

_LEASE_KEPT_MICROSECONDS: Final = 24 * 3600 * _MICROSECONDS
"""How long an ended lease stays, in case its writer was suspended in the middle of an append and finishes it."""

# Written into the statement, not bound: a database uses a partial index only where it sees the index's own value.
_GENERATED: Final[ColumnElement[str]] = literal_column(f"'{EventName.TOKEN_GENERATED.value}'")

_ENTRY: Final = tuple(journal.c[name] for name in ("seq", *COLUMNS))


_log = structlog.get_logger(__name__)


class SQLJournalStore:
    """Implements `limi.features.journal.JournalStore` over an engine of `open_engine`; `close` disposes of it."""

    def __init__(self, *, engine: Engine) -> None:
        self._engine = engine
        self._appending: Connection | None = None
        self._lease_until: float | None = None
        # Numbers and not flags, because the reader's thread may notice another replacement while the writer joins.
        self._replacements = 0
        self._joined = 0
        self.seals = SQLSealStore(engine=engine, translated=self._translated)

    def append(
        self,
        facts: Sequence[Fact],
        *,
        writer: str,
        links: Sequence[Link] = (),
        deliveries: Sequence[Delivery] = (),
    ) -> None:
        """Write all of `facts` in one transaction, or none; see the port."""
        with self._translated():
            self._check_kept()
            rows = _rows(facts, writer, links)
            # Kept between calls: a checkout from the pool costs two thirds of what a small commit does.
            kept, self._appending = self._appending, None
            if kept is not None:
                try:
                    self._write(kept, rows, deliveries)
                except DBAPIError as exc:
                    if not exc.connection_invalidated:
                        raise
                    # It ended while it lay idle, as when PostgreSQL is restarted, and only its use tells. Were
                    # they written all the same, rows are there by their ids, and a delivery noted twice is made
                    # once.
                else:
                    return
            self._write(self._connect_to_append(writer), rows, deliveries)

    def renew_lease(self, writer: str, *, until: float, settled: int | None, end: Link | None = None) -> int:
        """Hold the lease of `writer` until then, and return the last `seq`."""
        with self._translated():
            self._check_kept()
        replacements = self._replacements
        with self._translated(), write_transaction(self._engine) as connection:
            if self._joined != replacements:
                check_schema(connection)
            head = _head(connection)
            row = {
                "lease_until": _micros(until),
                "settled_seq": head if settled is None else settled,
                "chain_n": end.n if end else None,
                "chain_hash": end.hash if end else None,
                "sealed": False,
            }
            renewed = row
            if self._replacements:
                # `settled` may number rows of another file. Too low a number costs the sweep after a crash some
                # reading; too high a one would hide intents from it.
                row["settled_seq"] = head
                renewed = {name: value for name, value in row.items() if name != "settled_seq"}
            held = connection.execute(writers.update().where(writers.c.writer == writer).values(renewed))
            if not held.rowcount:
                connection.execute(writers.insert().values(writer=writer, **row))
        self._lease_until = until
        if self._joined != replacements:
            self._joined = replacements
            _log.warning("database.reopened", replacements=replacements)
        return head

    def release_lease(self, writer: str, *, now: float) -> None:
        """End the lease of `writer` now."""
        with self._translated(), write_transaction(self._engine) as connection:
            connection.execute(writers.update().where(writers.c.writer == writer).values(lease_until=_micros(now)))

    def forget_lease(self, writer: str) -> None:
        """Remove the lease of `writer`, which has appended nothing."""
        with self._translated(), write_transaction(self._engine) as connection:
            connection.execute(writers.delete().where(writers.c.writer == writer))

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return those of `ids` that are the ids of rows."""
        found: set[str] = set()
        with self._translated(), self._engine.connect() as connection:
            for start in range(0, len(ids), MAX_ROWS):
                some = journal.c.id.in_(ids[start : start + MAX_ROWS])
                found.update(connection.execute(select(journal.c.id).where(some)).scalars())
        return found

    def chain_end(self, writer: str) -> Link | None:
        """Return the last link of `writer`, None where it has no chain here."""
        query = select(journal.c.n, journal.c.hash).where(journal.c.writer == writer, journal.c.n.is_not(None))
        with self._translated(), self._engine.connect() as connection:
            row = connection.execute(query.order_by(journal.c.seq.desc()).limit(1)).first()
        return Link(*row) if row else None

    def end_abandoned(
        self,
        ending: Callable[[JournalEntry], Fact],
        *,
        now: float,
        writer: str,
        link: Callable[[Sequence[Fact]], Sequence[Link]] = unlinked,
        wanted: Wanted = wanted_by_nobody,
    ) -> int:
        """Append `ending(intent)` for each intent that a dead writer left open, and return how many there were."""
        dead = writers.c.lease_until < _micros(now)
        with self._translated(), write_transaction(self._engine) as connection:
            ended = connection.execute(select(writers.c.writer, writers.c.settled_seq).where(dead)).all()
            rows = [row for name, settled in ended for row in connection.execute(_open_intents(name, settled))]
            endings = [ending(_entry(row)) for row in rows]
            ending_rows = _rows(endings, writer, link(endings))
            insert_rows(connection, ending_rows)
            insert_deliveries(connection, ending_rows, [(fact.id, to) for fact in endings for to in wanted(fact)])
            connection.execute(writers.update().where(dead).values(settled_seq=_head(connection)))
            connection.execute(
                writers.delete().where(
                    writers.c.lease_until < _micros(now) - _LEASE_KEPT_MICROSECONDS, writers.c.sealed
                )
            )
            return len(rows)

    def live_tokens(
        self, *, now: float, limit: int, tenant: str | None = None, hidden: Collection[str] = ()
    ) -> LiveTokens:
        """Return the keys handed out that expire after `now`, newest first."""
        # Whole seconds: PostgreSQL would compare with a fraction row by row, past the index.
        live = and_(journal.c.event == _GENERATED, journal.c.expires_at > floor(now))
        if tenant is not None:
            live = and_(live, journal.c.tenant == tenant)
        if hidden:
            live = and_(live, or_(journal.c.tenant.is_(None), journal.c.tenant.not_in(hidden)))
        columns = (journal.c.session_id, journal.c.model, journal.c.expires_at, journal.c.at)
        # The sum keeps the database from walking the whole journal backwards until it has found `limit` live rows.
        newest = select(*columns).where(live).order_by((journal.c.seq + 0).desc()).limit(limit)
        with self._translated(), self._engine.connect() as connection:
            total = connection.execute(select(func.count()).select_from(journal).where(live)).scalar_one()
            rows = connection.execute(newest).all()
        return LiveTokens(total=total, newest=tuple(_live_token(*row) for row in rows))

    def entries(self, *, after: int, limit: int, selection: Selection) -> list[JournalEntry]:
        """Return up to `limit` selected entries whose `seq` is above `after`, in order."""
        query = select(*_ENTRY).where(journal.c.seq > after, *_conditions(selection))
        with self._translated(), self._engine.connect() as connection:
            return [_entry(row) for row in connection.execute(query.order_by(journal.c.seq).limit(limit))]

    def newest(self, *, limit: int, selection: Selection) -> list[JournalEntry]:
        """Return the last `limit` selected entries, in order."""
        query = select(*_ENTRY).where(*_conditions(selection)).order_by(journal.c.seq.desc()).limit(limit)
        with self._translated(), self._engine.connect() as connection:
            return [_entry(row) for row in connection.execute(query)][::-1]

    def ping(self) -> None:
        """Return when the database answers and its schema is new enough."""
        with self._translated(), self._engine.connect() as connection:
            check_schema(connection)

    def close(self) -> None:
        """Close every connection."""
        if self._appending is not None:
            self._appending.close()
            self._appending = None
        self._engine.dispose()

    def _check_kept(self) -> None:
        """Close the connection that is kept when its file is gone; for the writer's thread.

        Raises:
            DatabaseReplacedError: when it is.
        """
        if self._appending is None:
            return
        try:
            check_file(self._appending)
        except DatabaseReplacedError:
            self._appending.close()
            self._appending = None
            raise

    def _connect_to_append(self, writer: str) -> Connection:
        if self._joined != self._replacements and self._lease_until is not None:
            # Before the first row: nobody ends the intents of a writer that has no lease in the file.
            self.renew_lease(writer, until=self._lease_until, settled=None)
        connection = self._engine.connect()
        if connection.dialect.name != SQLITE:
            # The statement is a transaction by itself: no BEGIN and no COMMIT travel.
            connection.execution_options(isolation_level="AUTOCOMMIT")
        # The pool's other connections may be dropped while it is kept, and with them who would close it.
        connection.detach()
        return connection

    def _write(
        self, connection: Connection, rows: Sequence[tuple[object, ...]], deliveries: Sequence[Delivery]
    ) -> None:
        """Write and commit, and keep `connection` for the next time; it is closed where that fails."""
        try:
            if (deliveries or len(rows) > MAX_ROWS) and connection.dialect.name == SQLITE:
                take_write_lock(connection)
            if deliveries:
                insert_rows_with_deliveries(connection, rows, deliveries)
            else:
                insert_rows(connection, rows)
            connection.commit()
        except BaseException:
            connection.close()
            raise
        self._appending = connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what went wrong in the words of the journal, and let go of a file that was replaced."""
        try:
            yield
        except DatabaseReplacedError as exc:
            self._replacements += 1
            self._engine.dispose()
            raise JournalUnavailableError(str(exc)) from exc
        except _REFUSALS as exc:
            raise FactRefusedError(f"the database refuses a value ({type(exc).__name__})") from exc
        except DBAPIError as exc:
            raise JournalUnavailableError(f"the database does not answer as it should: {exc.orig}") from exc
        except sqlite3.Error as exc:
            raise JournalUnavailableError(f"the database does not answer as it should: {exc}") from exc
        except (SchemaError, SQLAlchemyError) as exc:
            raise JournalUnavailableError(f"the database cannot be used: {exc}") from exc


def _rows(facts: Sequence[Fact], writer: str, links: Sequence[Link]) -> list[tuple[object, ...]]:
    if not links:
        return [make_row(fact, writer, None) for fact in facts]
    return [make_row(fact, writer, link) for fact, link in zip(facts, links, strict=True)]


def _open_intents(writer: str, settled: int) -> Select[Any]:
    """Select the intents of `writer` without an outcome; reads only the rows after the settled ones."""
    ended = journal.alias("ended")
    return (
        select(*_ENTRY)
        .where(
            journal.c.seq > settled,
            journal.c.writer == writer,
            journal.c.outcome == Outcome.REQUESTED.value,
            ~select(ended.c.seq).where(ended.c.resolves == journal.c.id).exists(),
        )
        .order_by(journal.c.seq)
    )


def _conditions(selection: Selection) -> Iterator[ColumnElement[bool]]:
    if selection.since is not None:
        yield journal.c.at >= _micros(selection.since.timestamp())
    if selection.until is not None:
        yield journal.c.at < _micros(selection.until.timestamp())
    for name in ("event", "tenant", "caller", "subject"):
        value = getattr(selection, name)
        if value is not None:
            yield journal.c[name] == value


def _head(connection: Connection) -> int:
    return connection.execute(select(func.max(journal.c.seq))).scalar() or 0


def _entry(row: Row[Any]) -> JournalEntry:
    members = dict(row._mapping)  # noqa: SLF001 - public API of SQLAlchemy despite its name
    members["at"] /= _MICROSECONDS
    return JournalEntry(**members)


def _live_token(session_id: str | None, model: str | None, expires_at: int, at: int) -> LiveToken:
    return LiveToken(session_id=session_id, model=model, expires_at=expires_at, minted_at=at / _MICROSECONDS)
