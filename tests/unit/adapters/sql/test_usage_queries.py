"""What is SQL's own of questions; tests/contract has what all stores must do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from limi.adapters.sql import open_engine, upgrade, usage_queries
from limi.adapters.sql.analytics_database import AnalyticsDatabase
from limi.adapters.sql.client_event_store import SQLClientEventStore
from limi.adapters.sql.rollup_store import SQLRollupStore
from limi.features.analytics.errors import InvalidUsageQueryError
from limi.features.analytics.model import Dimension
from tests.unit.features.analytics.harness import connected, count_all, counted


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    upgrade(f"sqlite:///{tmp_path}/limi.db")
    made = open_engine(f"sqlite:///{tmp_path}/limi.db")
    yield made
    made.dispose()


async def test_more_histograms_than_can_be_added_up_are_refused(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_queries, "_MOST_HISTOGRAMS", 3)
    database = AnalyticsDatabase(engine=engine, name="limi-test")
    store = SQLRollupStore(database=database)
    await SQLClientEventStore(database=database).add(
        [connected(number, tenant=f"t{number}") for number in range(4)]
    )
    await count_all(store)
    with pytest.raises(InvalidUsageQueryError, match="percentiles"):
        await counted(store)
    (row,) = await counted(store, where={Dimension.TENANT: "t1"})
    assert len(row.durations or ()) == 1


def test_a_question_reads_only_the_time_it_asks_for(engine: Engine) -> None:
    """The primary key begins with grain and start, so years of rollups cost a question about today nothing."""
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT start, sum(minted) FROM usage_rollups "
            "WHERE grain = 60 AND start >= 5 AND start < 9 GROUP BY start"
        ).all()
    assert any("grain=? AND start>? AND start<?" in row[-1] for row in plan), plan
