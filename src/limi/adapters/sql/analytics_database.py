"""The database as analytics uses it: from the event loop, in a thread of its own.

Intake and rollups each have one, so that no client waits while something is counted or asked.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from limi.adapters.sql.engine import SQLITE, take_write_lock
from limi.adapters.sql.errors import DatabaseReplacedError, SchemaError
from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.journal.errors import JournalStoppedError
from limi.features.journal.thread import StoreThread

__all__ = ["AnalyticsDatabase", "writing"]

_Result = TypeVar("_Result")


class AnalyticsDatabase:
    """Does one job at a time."""

    def __init__(self, *, engine: Engine, name: str, timeout_seconds: float = 10.0, max_waiting: int = 32) -> None:
        """Keep the parts; the thread starts with the first job, which an event loop must give.

        Args:
            engine: of `open_engine`; `close` disposes of it.
            name: what the thread is called.
            timeout_seconds: longest wait for a job's end. Clients and people wait no longer.
            max_waiting: jobs at once; past it they are refused.
        """
        self._engine = engine
        self._name = name
        self._timeout_seconds = timeout_seconds
        self._max_waiting = max_waiting
        self._waiting = 0
        self._thread: StoreThread | None = None

    async def run(self, job: Callable[[Engine], _Result]) -> _Result:
        """Return what `job` returns; it may use the engine as it likes.

        Raises:
            AnalyticsUnavailableError: the database does not answer as it should, or not in time.
        """
        if self._waiting >= self._max_waiting:
            raise AnalyticsUnavailableError(f"{self._max_waiting} jobs wait for the database already")
        if self._thread is None:
            self._thread = StoreThread(name=self._name)
        self._waiting += 1
        answer = self._thread.run(partial(self._do, job))
        answer.add_done_callback(self._answered)
        # Not cancelled when its time is over: the thread may be busy with it, so it still counts as waiting.
        if not (await asyncio.wait({answer}, timeout=self._timeout_seconds))[0]:
            raise AnalyticsUnavailableError(f"the database did not answer within {self._timeout_seconds:g} s")
        try:
            return answer.result()
        except JournalStoppedError:
            raise AnalyticsUnavailableError("the database is closed") from None

    def close(self) -> None:
        """Refuse further jobs, and close every connection when those under way have ended."""
        if self._thread is None:
            self._engine.dispose()
            return
        # In the thread: a connection that is in use would be left open by whoever disposes of its engine.
        self._thread.run(self._engine.dispose)
        self._thread.close()

    def _answered(self, _: "asyncio.Future[_Result]") -> None:
        self._waiting -= 1

    def _do(self, job: Callable[[Engine], _Result]) -> _Result:
        try:
            return job(self._engine)
        except DatabaseReplacedError as exc:
            # What is at the path now is used from the next job on; cursors and rollups are in the file itself.
            self._engine.dispose()
            raise AnalyticsUnavailableError(str(exc)) from exc
        except DBAPIError as exc:
            raise AnalyticsUnavailableError(f"the database does not answer as it should: {exc.orig}") from exc
        except (SchemaError, SQLAlchemyError, OverflowError, UnicodeEncodeError) as exc:
            raise AnalyticsUnavailableError(f"the database cannot be used: {exc}") from exc


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction that writes; commit it at the end, or roll it back.

    SQLite must be told beforehand. PostgreSQL locks the rows that are written, and not the journal.
    """
    with engine.begin() as connection:
        if connection.dialect.name == SQLITE:
            take_write_lock(connection)
        yield connection
