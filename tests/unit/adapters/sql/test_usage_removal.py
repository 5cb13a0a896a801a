import pytest
from sqlalchemy import Engine

from limi.adapters.sql import SQLJournalStore
from limi.adapters.sql.analytics_database import AnalyticsDatabase
from limi.adapters.sql.rollup_store import SQLRollupStore
from limi.adapters.sql.usage_cursors import read_cursor
from limi.adapters.sql.usage_removal import begin_rebuild, forget_part, remove_old
from limi.features.analytics.model import Counts, Grain, Source
from tests.unit.features.analytics.harness import NOON, Facts, count_all, counted


@pytest.fixture
async def store(engine: Engine, journal: SQLJournalStore) -> SQLRollupStore:
    """Rollups of forty minutes."""
    made, facts = SQLRollupStore(database=AnalyticsDatabase(engine=engine, name="limi-test")), Facts()
    rows = [facts.make(at=NOON + number * 60) for number in range(40)]
    journal.append(rows, writer="w")
    await count_all(made)
    return made


async def test_old_ones_go_a_part_at_a_time(engine: Engine, store: SQLRollupStore) -> None:
    oldest = {Grain.MINUTE: int(NOON) + 1200, Grain.HOUR: 0, Grain.DAY: 0}
    removed = []
    while some := remove_old(engine, oldest=oldest, limit=8):
        removed.append(some)
    assert removed == [8, 8, 4]
    assert len(await counted(store, grain=Grain.MINUTE)) == 20


async def test_a_rebuild_that_is_cut_short_is_ended_by_whoever_counts_next(
    engine: Engine, store: SQLRollupStore
) -> None:
    """Nothing is counted before everything is forgotten, so nothing counts twice."""
    begin_rebuild(engine)
    with engine.connect() as connection:
        cursor = read_cursor(connection, Source.JOURNAL)
    assert cursor.clearing
    assert forget_part(engine, cursor, 8)
    assert len(await counted(store, grain=Grain.MINUTE)) == 32
    await count_all(store, limit=9)
    for grain in Grain:
        rows = await counted(store, grain=grain, series=False)
        assert [row.counts for row in rows] == [Counts(minted=40)]


async def test_a_rebuild_under_way_is_not_begun_again(engine: Engine, store: SQLRollupStore) -> None:
    begin_rebuild(engine)
    with engine.connect() as connection:
        before = read_cursor(connection, Source.JOURNAL)
    begin_rebuild(engine)
    with engine.connect() as connection:
        assert read_cursor(connection, Source.JOURNAL) == before
    assert before.floor_seq == 40
    assert len(await counted(store, grain=Grain.MINUTE)) == 40


async def test_whoever_forgets_by_an_old_cursor_forgets_nothing(engine: Engine, store: SQLRollupStore) -> None:
    begin_rebuild(engine)
    with engine.connect() as connection:
        cursor = read_cursor(connection, Source.JOURNAL)
    await store.rebuild()
    await count_all(store)
    assert forget_part(engine, cursor, 500)
    assert [row.counts for row in await counted(store)] == [Counts(minted=40)]
