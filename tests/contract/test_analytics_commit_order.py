"""On PostgreSQL several write at once, and their rows do not become visible in the order of their numbers."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Engine

from limi.adapters.sql.client_event_store import EVENT_LOCK_ID
from limi.adapters.sql.engine import WRITE_LOCK_ID
from tests.contract.test_analytics_stores import Kept, postgresql, total
from tests.unit.features.analytics.harness import Facts, connected, count_all, counted


@pytest.fixture
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    made = postgresql(request)
    yield made
    made.journal.close()


async def test_an_event_that_is_committed_late_is_not_passed_by(kept: Kept) -> None:
    """A second writer waits until the first has committed, so no later number is there before."""
    assert kept.engine
    with kept.engine.begin() as slow:
        slow.exec_driver_sql(f"SELECT pg_advisory_xact_lock({EVENT_LOCK_ID})")
        slow.exec_driver_sql(
            "INSERT INTO client_events (tenant, id, type, at, frontend) "
            "VALUES ('', 'slow', 'connection_successful', 1800000000000000, 'vue')"
        )
        quick = asyncio.create_task(kept.events.add([connected(2)]))
        await _waits_for_lock(kept.engine)
        assert await count_all(kept.rollups) == 0
    await quick
    assert await count_all(kept.rollups) == 2
    assert total(await counted(kept.rollups)).connected == 2


async def test_a_row_of_the_journal_that_is_committed_late_is_not_passed_by(kept: Kept) -> None:
    assert kept.engine
    facts = Facts()
    with kept.engine.begin() as slow:
        slow.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK_ID})")
        slow.exec_driver_sql(
            "INSERT INTO journal (id, writer, at, event, outcome, request_id, caller) VALUES "
            "('slow', 'w', 1800000000000000, 'token.generated', 'succeeded', 'r', 'c')"
        )
        quick = threading.Thread(target=kept.write, args=[facts.make()])
        quick.start()
        await _waits_for_lock(kept.engine)
        assert await count_all(kept.rollups) == 0
    await asyncio.to_thread(quick.join)
    assert await count_all(kept.rollups) == 2


async def _waits_for_lock(engine: Engine) -> None:
    """Return when some connection waits for an advisory lock."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while True:
        with engine.connect() as connection:
            if connection.exec_driver_sql(query).scalar():
                return
        await asyncio.sleep(0.01)
