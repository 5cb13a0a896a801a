"""The kind of application in the audit log: old logs stay sound, and it cannot be changed unnoticed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.adapters.sql.tables import journal
from limi.features.journal.model import Selection
from limi.kernel.facts import Origin
from limi.kernel.frontends import Frontend
from tests.unit.features.journal.harness import Facts, FakeClock
from tests.unit.features.journal.signing import export, make_writer, verify_export, verify_store

FROM_PAGE = Origin(request_id="r", caller="c", frontend=Frontend.REACT)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/limi.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    upgrade(url)
    made = open_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def store(engine: Engine) -> Iterator[SQLJournalStore]:
    made = SQLJournalStore(engine=engine)
    yield made
    made.close()


def test_a_log_from_before_the_column_is_sound_after_the_migration(
    engine: Engine, store: SQLJournalStore, url: str
) -> None:
    clock = FakeClock()
    facts = Facts(clock)
    writer = make_writer(store, clock)
    writer.append(facts.intents(5))
    writer.release()
    before = export(store, clock)
    store.close()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE journal DROP COLUMN frontend")
        for table in ("client_events", "usage_rollups", "usage_projections", "webhook_outbox"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    engine.dispose()
    upgrade(url)
    again = make_writer(store, clock, 2)
    assert export(store, clock) == before
    again.append([facts.intent(origin=FROM_PAGE)])
    again.release()
    exported = verify_export(export(store, clock), clock)
    assert (exported.problems, exported.rows) == ([], 6)


@pytest.mark.parametrize("change", ["vue", None])
def test_changing_or_clearing_it_is_found(engine: Engine, store: SQLJournalStore, change: str | None) -> None:
    clock = FakeClock()
    facts = Facts(clock)
    writer = make_writer(store, clock)
    writer.append([facts.intent(), facts.intent(origin=FROM_PAGE), facts.intent()])
    writer.release()
    assert verify_store(store, clock).sound
    with engine.begin() as connection:
        connection.execute(journal.update().where(journal.c.seq == 2).values(frontend=change))
    assert [problem.seq for problem in verify_store(store, clock).problems] == [2]


def test_giving_one_to_a_row_that_had_none_is_found(engine: Engine, store: SQLJournalStore) -> None:
    clock = FakeClock()
    facts = Facts(clock)
    writer = make_writer(store, clock)
    writer.append(facts.intents(2))
    writer.release()
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE journal SET frontend = 'vue' WHERE seq = 1")
    assert verify_store(store, clock).problems


def test_what_ends_an_intent_of_the_dead_has_its_kind(engine: Engine, store: SQLJournalStore) -> None:
    """One that a newer version wrote and this one does not know is left out."""
    clock = FakeClock()
    facts = Facts(clock)
    make_writer(store, clock, 1).append([facts.intent(origin=FROM_PAGE), facts.intent(origin=FROM_PAGE)])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE journal SET frontend = 'holodeck' WHERE seq = 2")
    clock.advance(60)
    assert make_writer(store, clock, 2).tend() == 2
    endings = store.entries(after=2, limit=9, selection=Selection())
    assert [ending.frontend for ending in endings] == ["react", None]
