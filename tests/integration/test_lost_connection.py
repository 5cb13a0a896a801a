"""A database that ends the connection on which the journal writes, as a restart of PostgreSQL does."""

from sqlalchemy import text

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.features.journal import Selection
from tests.unit.features.journal.harness import Facts, FakeClock

_END_ALL = text(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def test_a_connection_that_ended_while_it_lay_idle_costs_no_facts(postgres_url: str) -> None:
    upgrade(postgres_url)
    engine, facts = open_engine(postgres_url), Facts(FakeClock())
    store = SQLJournalStore(engine=open_engine(postgres_url))
    before, after = facts.intent(), facts.intent()
    store.append([before], writer="w1")
    with engine.connect() as connection:
        ended = connection.execute(_END_ALL).all()
    assert ended
    store.append([after], writer="w1")
    written = store.entries(after=0, limit=9, selection=Selection())
    assert [entry.id for entry in written] == [before.id, after.id]
    store.close()
    engine.dispose()
