"""A database that ends the connection on which the journal writes, as a restart of PostgreSQL does."""

import asyncio

from sqlalchemy import text

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.features.journal import Selection
from tests.integration.on_database import backend_on
from tests.unit.features.journal.harness import Facts, FakeClock

_END_ALL = text(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def _end_all(url: str) -> None:
    engine = open_engine(url)
    with engine.connect() as connection:
        assert connection.execute(_END_ALL).all()
    engine.dispose()


def test_a_connection_that_ended_while_it_lay_idle_costs_no_facts(postgres_url: str) -> None:
    upgrade(postgres_url)
    facts = Facts(FakeClock())
    store = SQLJournalStore(engine=open_engine(postgres_url))
    before, after = facts.intent(), facts.intent()
    store.append([before], writer="w1")
    _end_all(postgres_url)
    store.append([after], writer="w1")
    written = store.entries(after=0, limit=9, selection=Selection())
    assert [entry.id for entry in written] == [before.id, after.id]
    store.close()


async def test_a_database_that_is_back_refuses_nobody_a_key(postgres_url: str) -> None:
    async with backend_on(postgres_url) as (_, client):
        statuses = []
        for _ in range(3):
            answers = [client.post("/api/client-secret", json={}) for _ in range(10)]
            statuses += [answer.status_code for answer in await asyncio.gather(*answers)]
            await asyncio.to_thread(_end_all, postgres_url)
    assert statuses == [200] * 30
