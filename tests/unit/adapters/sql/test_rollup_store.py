"""What is SQL's own of rollups; tests/contract has what all stores must do."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from limi.adapters.sql import SQLJournalStore
from limi.adapters.sql.analytics_database import AnalyticsDatabase
from limi.adapters.sql.client_event_store import SQLClientEventStore
from limi.adapters.sql.rollup_store import SQLRollupStore
from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.model import Counts, Grain, Source
from limi.features.journal.retention import Retention
from limi.kernel.facts import AuthRefused, Fact, KeyMinted, MintFailed, MintRequested
from tests.unit.features.analytics.harness import NOON, Facts, connected, count_all, counted
from tests.unit.features.journal.harness import Facts as JournalFacts
from tests.unit.features.journal.harness import FakeClock
from tests.unit.features.journal.signing import make_signer, make_writer

DAY = 86_400.0
Make = Callable[[], SQLRollupStore]


@pytest.fixture
def make(engine: Engine) -> Make:
    return lambda: SQLRollupStore(database=AnalyticsDatabase(engine=engine, name="limi-test"))


async def test_another_process_goes_on_where_one_ended(journal: SQLJournalStore, make: Make) -> None:
    facts = Facts()
    journal.append([facts.make(), facts.make()], writer="w")
    assert await count_all(make(), worker="one", limit=1) == 2
    journal.append([facts.make()], writer="w")
    assert await count_all(make(), worker="two", now=NOON + 60) == 1
    assert [row.counts for row in await counted(make())] == [Counts(minted=3)]


async def test_rows_alike_are_added_up_and_those_that_count_nothing_are_passed(
    journal: SQLJournalStore, make: Make
) -> None:
    facts = Facts()
    kinds = [MintRequested, KeyMinted, KeyMinted, MintFailed] * 50
    journal.append([facts.make(kind, at=NOON + number % 60) for number, kind in enumerate(kinds)], writer="w")
    refusals = [facts.make(AuthRefused, detail=f"{times} times") for times in (2, 3, 3)]
    journal.append([*refusals, facts.make(MintRequested)], writer="w")
    store = make()
    assert await count_all(store, limit=1000) == 204
    assert await store.behind() == dict.fromkeys(Source, 0)
    assert [row.counts for row in await counted(store)] == [Counts(minted=100, failed=50, refused=8)]


async def test_a_transaction_that_fails_counts_nothing(
    engine: Engine, journal: SQLJournalStore, make: Make
) -> None:
    """Cursor and rollups move together or not at all."""
    journal.append([Facts().make()], writer="w")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON usage_rollups BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(AnalyticsUnavailableError):
        await count_all(make())
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER refuse")
    assert await count_all(make()) == 1


async def test_without_its_cursor_nothing_is_counted(engine: Engine, make: Make) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM usage_projections")
    with pytest.raises(AnalyticsUnavailableError, match="cursor"):
        await count_all(make())


async def test_what_another_limi_wrote_is_counted_as_far_as_it_is_known(engine: Engine, make: Make) -> None:
    await SQLClientEventStore(database=AnalyticsDatabase(engine=engine, name="t")).add([connected(1)])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE client_events SET type = 'call_rated', frontend = 'cobol'")
    await count_all(make())
    assert [row.counts for row in await counted(make())] == [Counts(not_connected=1, errors=1)]


async def test_hundreds_of_rollups_are_written_in_several_statements(journal: SQLJournalStore, make: Make) -> None:
    facts = Facts()
    rows: list[Fact] = [facts.make(tenant=f"t{number}") for number in range(300)]
    journal.append(rows, writer="w")
    await count_all(make())
    assert [row.counts for row in await counted(make())] == [Counts(minted=300)]


async def test_numbers_of_rows_that_the_journal_has_removed_stay(journal: SQLJournalStore, make: Make) -> None:
    """What retention has removed cannot be counted anew, so a rebuild leaves its numbers as they are."""
    clock = FakeClock()
    facts, writer = JournalFacts(clock), make_writer(journal, clock, 1)
    for _ in range(6):
        writer.append([facts.minted(), facts.minted(), facts.minted()])
        clock.advance(DAY)
        writer.tend()
    await count_all(make())
    before = [await counted(make(), grain=grain) for grain in Grain]
    assert Retention(store=journal, signer=make_signer(clock), clock=clock, days=3, pause=lambda: True).run()
    await make().rebuild()
    kept = await counted(make())
    assert 0 < len(kept) < 6
    assert await count_all(make()) < 18
    assert [await counted(make(), grain=grain) for grain in Grain] == before
