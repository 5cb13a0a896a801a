"""The database as keys, tenants, profiles and webhooks use it: from the event loop, in a thread of its own.

Each change moves the revision first. That takes the row's lock on PostgreSQL and the file's on SQLite, so changes
follow one another and the number never moves without one.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from limi.adapters.sql.engine import SQLITE, begin_writing
from limi.adapters.sql.errors import DatabaseReplacedError, SchemaError
from limi.adapters.sql.tables import revision
from limi.features.journal.errors import JournalStoppedError
from limi.features.journal.thread import StoreThread
from limi.kernel.revision import AccessUnavailableError

__all__ = ["AccessDatabase", "SQLRevisionStore", "as_json", "from_json", "insert_once", "micros", "seconds"]

_Result = TypeVar("_Result")
_Question = Callable[[Connection], _Result]

_MICROSECONDS: Final = 1_000_000
_REPLACED_BY: Final = 1 << 40
"""What a replaced file adds to the number: more than there will ever be changes."""


class AccessDatabase:
    """Asks one question at a time."""

    def __init__(
        self,
        *,
        engine: Engine,
        timeout_seconds: float = 5.0,
        max_waiting: int = 256,
        thread_name: str = "limi-access",
    ) -> None:
        """Keep the parts; the thread starts with the first question, which an event loop must ask.

        Args:
            engine: of `open_engine`; `close` disposes of it.
            timeout_seconds: longest wait for an answer, as long as what is cached is believed without one.
            max_waiting: questions at once; past it they are refused, lest a flood of unknown keys hold everything.
            thread_name: what the thread is called where threads are listed.
        """
        self.replacements = 0
        """How often the file was replaced under the engine."""
        self._engine = engine
        self._timeout_seconds = timeout_seconds
        self._max_waiting = max_waiting
        self._thread_name = thread_name
        self._waiting = 0
        self._thread: StoreThread | None = None

    async def read(self, question: _Question[_Result]) -> _Result:
        """Return what `question` finds.

        Raises:
            AccessUnavailableError: the database cannot be read.
        """
        return await self._ask(partial(self._read, question))

    async def change(self, change: _Question[_Result]) -> _Result:
        """Make a change in one transaction that moves the revision, unless `change` returns False.

        Raises:
            AccessUnavailableError: the database cannot be written.
        """
        return await self._ask(partial(self._change, change))

    async def write(self, change: _Question[_Result]) -> _Result:
        """Make a change that nobody needs to notice, in one transaction.

        Raises:
            AccessUnavailableError: the database cannot be written.
        """
        return await self._ask(partial(self._write, change))

    async def work(self, job: Callable[[Engine], _Result]) -> _Result:
        """Return what `job` returns, which opens transactions of its own.

        Raises:
            AccessUnavailableError: the database cannot be read or written.
        """
        return await self._ask(partial(self._work, job))

    def close(self) -> None:
        """Refuse further questions and close every connection."""
        if self._thread is not None:
            self._thread.close()
        self._engine.dispose()

    async def _ask(self, job: Callable[[], _Result]) -> _Result:
        if self._waiting >= self._max_waiting:
            raise AccessUnavailableError(f"{self._max_waiting} questions wait for the database already")
        if self._thread is None:
            self._thread = StoreThread(name=self._thread_name)
        self._waiting += 1
        answer = self._thread.run(job)
        answer.add_done_callback(self._answered)
        # Not cancelled when its time is over: the thread may be busy with it, so it still counts as waiting.
        if not (await asyncio.wait({answer}, timeout=self._timeout_seconds))[0]:
            raise AccessUnavailableError(f"the database did not answer within {self._timeout_seconds:g} s")
        try:
            return answer.result()
        except JournalStoppedError:
            raise AccessUnavailableError("the database is closed") from None

    def _answered(self, _: "asyncio.Future[_Result]") -> None:
        self._waiting -= 1

    def _read(self, question: _Question[_Result]) -> _Result:
        with self._translated(), self._engine.connect() as connection:
            return question(connection)

    def _change(self, change: _Question[_Result]) -> _Result:
        with self._translated(), self._engine.begin() as connection:
            begin_writing(connection)
            moved = connection.execute(revision.update().values(number=revision.c.number + 1))
            if not moved.rowcount:
                raise SchemaError("The revision's row is missing.", hint="Restore the database from a backup.")
            result = change(connection)
            if result is False:
                connection.rollback()
            return result

    def _write(self, change: _Question[_Result]) -> _Result:
        with self._translated(), self._engine.begin() as connection:
            begin_writing(connection)
            return change(connection)

    def _work(self, job: Callable[[Engine], _Result]) -> _Result:
        with self._translated():
            return job(self._engine)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what went wrong in the words of the port, and let go of a file that was replaced."""
        try:
            yield
        except DatabaseReplacedError as exc:
            self.replacements += 1
            self._engine.dispose()
            raise AccessUnavailableError(str(exc)) from exc
        except DBAPIError as exc:
            raise AccessUnavailableError(f"the database does not answer as it should: {exc.orig}") from exc
        except (SchemaError, SQLAlchemyError, OverflowError, UnicodeEncodeError, msgspec.MsgspecError) as exc:
            raise AccessUnavailableError(f"the database cannot be used: {exc}") from exc


class SQLRevisionStore:
    """Implements `limi.features.revision.ports.RevisionStore`."""

    def __init__(self, *, database: AccessDatabase) -> None:
        self._database = database

    async def read(self) -> int:
        """Return the number; a file that took the place of another has a number of its own.

        Raises:
            AccessUnavailableError: it cannot be read.
        """
        number = await self._database.read(_number)
        return number + self._database.replacements * _REPLACED_BY


def insert_once(connection: Connection, table: Table, values: Mapping[str, object]) -> bool:
    """Insert a row, and say whether there was none of its primary key."""
    dialect = sqlite if connection.dialect.name == SQLITE else postgresql
    statement = dialect.insert(table).values(values).on_conflict_do_nothing()
    # Asked for the row, because the drivers do not agree on how many rows an insert of one has inserted.
    return connection.execute(statement.returning(*table.primary_key)).first() is not None


def micros(at: float | None) -> int | None:
    """Return Unix seconds as the tables hold them."""
    return None if at is None else round(at * _MICROSECONDS)


def seconds(at: int | None) -> float | None:
    """Return a table's time in Unix seconds."""
    return None if at is None else at / _MICROSECONDS


def as_json(names: frozenset[str] | None) -> str | None:
    """Return names as the tables hold them: sorted, so that equal sets are equal texts."""
    return None if names is None else msgspec.json.encode(sorted(names)).decode()


def from_json(text: str | None) -> frozenset[str] | None:
    """Return the names that a table holds."""
    return None if text is None else msgspec.json.decode(text, type=frozenset[str])


def _number(connection: Connection) -> int:
    number: int | None = connection.execute(select(revision.c.number)).scalar()
    if number is None:
        raise SchemaError("The revision's row is missing.", hint="Restore the database from a backup.")
    return number
