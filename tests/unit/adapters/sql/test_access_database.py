"""The database as keys, tenants and profiles use it; what the stores do stands in tests/contract."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from limi.adapters.sql import open_engine, upgrade
from limi.adapters.sql.access_database import (
    AccessDatabase,
    SQLRevisionStore,
    as_json,
    from_json,
    insert_once,
    micros,
    seconds,
)
from limi.adapters.sql.tables import revision
from limi.kernel.revision import AccessUnavailableError


def opened(folder: Path, *, timeout_seconds: float = 5.0, max_waiting: int = 256) -> AccessDatabase:
    url = f"sqlite:///{folder}/limi.db"
    upgrade(url)
    return AccessDatabase(engine=open_engine(url), timeout_seconds=timeout_seconds, max_waiting=max_waiting)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[AccessDatabase]:
    made = opened(tmp_path)
    yield made
    made.close()


def read_missing(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM missing")


def fail(_: Connection) -> bool:
    raise ZeroDivisionError


def _insert(row: dict[str, object], connection: Connection) -> bool:
    return insert_once(connection, revision, row)


async def number(database: AccessDatabase) -> int:
    return await SQLRevisionStore(database=database).read()


async def test_questions_are_asked_in_another_thread(database: AccessDatabase) -> None:
    assert await database.read(lambda _: threading.current_thread().name) == "limi-access"


async def test_work_makes_transactions_of_its_own_and_its_failures_are_translated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/limi.db"
    upgrade(url)
    database = AccessDatabase(engine=open_engine(url), thread_name="limi-some")

    def work(engine: Engine) -> str:
        with engine.begin() as connection:
            connection.execute(revision.update().values(number=77))
        return threading.current_thread().name

    assert await database.work(work) == "limi-some"
    assert await number(database) == 77
    with pytest.raises(AccessUnavailableError, match="no such table"):
        await database.work(read_missing)
    database.close()


async def test_a_change_moves_the_number_and_one_that_was_none_does_not(database: AccessDatabase) -> None:
    before = await number(database)
    assert await database.change(lambda _: True)
    assert await number(database) == before + 1
    assert not await database.change(lambda _: False)
    with pytest.raises(ZeroDivisionError):
        await database.change(fail)
    await database.write(lambda _: True)
    assert await number(database) == before + 1


async def test_what_the_database_refuses_is_unavailable(database: AccessDatabase) -> None:
    with pytest.raises(AccessUnavailableError, match="does not answer as it should"):
        await database.read(lambda connection: connection.execute(text("SELECT nonsense")))


async def test_a_number_that_is_not_there_is_no_number(database: AccessDatabase) -> None:
    await database.write(lambda connection: connection.execute(revision.delete()).rowcount)
    for ask in (number(database), database.change(lambda _: True)):
        with pytest.raises(AccessUnavailableError, match="row is missing"):
            await ask


async def test_a_file_that_took_the_place_of_another_has_another_number(tmp_path: Path) -> None:
    """Two databases of the same age have the same number, and one's keys are not the other's."""
    (tmp_path / "other").mkdir()
    opened(tmp_path / "other").close()
    database = opened(tmp_path)
    before = await number(database)
    os.replace(tmp_path / "other" / "limi.db", tmp_path / "limi.db")  # noqa: PTH105 - what an operator does
    with pytest.raises(AccessUnavailableError, match="replaced while it was open"):
        await number(database)
    assert await number(database) > before
    database.close()


class TestBounds:
    async def test_more_questions_than_may_wait_are_refused(self, tmp_path: Path) -> None:
        database, gate = opened(tmp_path, max_waiting=2), threading.Event()
        waiting = [asyncio.ensure_future(database.read(lambda _: gate.wait(10))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(AccessUnavailableError, match="2 questions wait"):
            await number(database)
        gate.set()
        await asyncio.gather(*waiting)
        assert await number(database)
        database.close()

    async def test_a_database_that_hangs_is_not_waited_for(self, tmp_path: Path) -> None:
        database, gate = opened(tmp_path, timeout_seconds=0.01), threading.Event()
        with pytest.raises(AccessUnavailableError, match=r"did not answer within 0\.01 s"):
            # Work holds no connection, which nobody could close here while it hangs.
            await database.work(lambda _: gate.wait(10))
        gate.set()
        database.close()

    async def test_a_closed_one_says_so(self, database: AccessDatabase) -> None:
        await number(database)
        database.close()
        with pytest.raises(AccessUnavailableError, match="closed"):
            await number(database)


async def test_a_row_is_inserted_once(database: AccessDatabase) -> None:
    rows: list[dict[str, object]] = [{"id": 2, "number": 1}, {"id": 2, "number": 5}]
    made = [await database.write(partial(_insert, row)) for row in rows]
    assert made == [True, False]


def test_times_are_exact_to_the_microsecond_and_none_stays_none() -> None:
    assert seconds(micros(1_790_000_000.123456)) == 1_790_000_000.123456
    assert (micros(None), seconds(None)) == (None, None)


def test_equal_sets_of_names_are_equal_texts() -> None:
    assert as_json(frozenset("ba")) == as_json(frozenset("ab")) == '["a","b"]'
    assert from_json('["a","b"]') == frozenset("ab")
    assert (as_json(None), from_json(None)) == (None, None)
