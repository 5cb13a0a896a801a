import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from limi.adapters.sql import open_engine, upgrade
from limi.adapters.sql.analytics_database import AnalyticsDatabase, writing
from limi.features.analytics.errors import AnalyticsUnavailableError


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    upgrade(f"sqlite:///{tmp_path}/limi.db")
    made = open_engine(f"sqlite:///{tmp_path}/limi.db", busy_seconds=0.05)
    yield made
    made.dispose()


async def test_a_job_runs_in_a_thread_of_its_own(engine: Engine) -> None:
    database = AnalyticsDatabase(engine=engine, name="limi-test")
    assert await database.run(lambda _: threading.current_thread().name) == "limi-test"
    database.close()
    with pytest.raises(AnalyticsUnavailableError, match="closed"):
        await database.run(lambda _: None)


async def test_what_the_database_says_is_said_in_the_ports_words(engine: Engine) -> None:
    database = AnalyticsDatabase(engine=engine, name="limi-test")

    def nonsense(engine: Engine) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1 FROM nowhere")

    with pytest.raises(AnalyticsUnavailableError, match="nowhere"):
        await database.run(nonsense)
    database.close()


async def test_another_writers_lock_is_an_error_after_a_while(engine: Engine) -> None:
    database = AnalyticsDatabase(engine=engine, name="limi-test")

    def write(engine: Engine) -> None:
        with writing(engine):
            pass

    with writing(engine), pytest.raises(AnalyticsUnavailableError, match="locked"):
        await database.run(write)
    await database.run(write)
    database.close()


async def test_connections_are_closed_when_the_last_job_has_ended(engine: Engine) -> None:
    """Also one that is in use when it is closed."""
    database = AnalyticsDatabase(engine=engine, name="limi-test")
    began, gate = threading.Event(), threading.Event()

    def slow(engine: Engine) -> int:
        with engine.connect() as connection:
            began.set()
            gate.wait(5)
            return int(connection.exec_driver_sql("SELECT 7").scalar_one())

    answer = asyncio.ensure_future(database.run(slow))
    await asyncio.to_thread(began.wait, 5)
    pool = engine.pool
    database.close()
    assert engine.pool is pool
    gate.set()
    assert await answer == 7
    for _ in range(500):
        if engine.pool is not pool:
            return
        await asyncio.sleep(0.01)
    raise AssertionError


async def test_nobody_waits_longer_than_they_may(engine: Engine) -> None:
    database = AnalyticsDatabase(engine=engine, name="limi-test", timeout_seconds=0.01, max_waiting=1)
    gate = threading.Event()
    with pytest.raises(AnalyticsUnavailableError, match="did not answer within"):
        await database.run(lambda _: gate.wait(5))
    with pytest.raises(AnalyticsUnavailableError, match="1 jobs wait"):
        await database.run(lambda _: None)
    gate.set()
    database.close()


async def test_a_file_that_was_replaced_is_noticed_and_the_new_one_used(engine: Engine, tmp_path: Path) -> None:
    database = AnalyticsDatabase(engine=engine, name="limi-test")

    def count(engine: Engine) -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM usage_projections").scalar_one())

    assert await database.run(count) == 2
    (tmp_path / "limi.db").rename(tmp_path / "old.db")
    upgrade(f"sqlite:///{tmp_path}/limi.db")
    with pytest.raises(AnalyticsUnavailableError, match="replaced"):
        await database.run(count)
    assert await database.run(count) == 2
    database.close()
