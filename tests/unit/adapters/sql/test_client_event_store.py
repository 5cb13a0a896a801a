"""What is SQL's own of events; tests/contract has what all stores must do."""

import pytest
from sqlalchemy import Engine, select

from limi.adapters.sql.analytics_database import AnalyticsDatabase
from limi.adapters.sql.client_event_store import EVENT_LOCK_ID, SQLClientEventStore
from limi.adapters.sql.engine import WRITE_LOCK_ID
from limi.adapters.sql.tables import client_events
from limi.features.analytics.model import EventKey
from tests.unit.features.analytics.harness import NOON, connected, failed


@pytest.fixture
def store(engine: Engine) -> SQLClientEventStore:
    return SQLClientEventStore(database=AnalyticsDatabase(engine=engine, name="limi-test"))


async def test_every_member_is_kept(engine: Engine, store: SQLClientEventStore) -> None:
    await store.add([connected(1, tenant="acme", ms=7, at=NOON + 0.25), failed(2, code="odd", message="Größe 🎙")])
    with engine.connect() as connection:
        first, second = connection.execute(select(client_events).order_by(client_events.c.seq))
    assert first[1:] == (
        "acme",
        connected(1).key.id,
        "connection_successful",
        1_800_000_000_250_000,
        "react",
        "s1",
        7,
        "webrtc",
        None,
        None,
    )
    assert second[-5:] == (None, None, None, "odd", "Größe 🎙")


@pytest.mark.parametrize("count", [1, 2, 3, 5, 100, 511, 513])
async def test_batches_of_any_size_go_in(store: SQLClientEventStore, count: int) -> None:
    """Statements are padded to powers of two with copies of a row, which must not show."""
    events = [connected(number) for number in range(count)]
    assert await store.add(events) == frozenset(EventKey("", event.key.id) for event in events)


def test_its_lock_is_not_the_journals() -> None:
    assert EVENT_LOCK_ID != WRITE_LOCK_ID
