"""How settling goes about it; what it must do stands in tests/contract/webhooks."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from limi.adapters.sql.delivery_claims import claim_due
from limi.adapters.sql.delivery_results import release_all, settle_all
from limi.adapters.sql.tables import webhook_attempts, webhook_deliveries, webhook_endpoints
from limi.features.webhooks.model import Claimed, DeliveryState
from tests.unit.adapters.sql.delivery_harness import NOON, A, B, Opened, settlements

LATE = (NOON + 10**6) * 1_000_000


def claimed(opened: Opened, count: int) -> list[Claimed]:
    opened.fill(A, count)
    return claim_due(opened.engine, worker="w", now=LATE, until=LATE + 1, limit=count, per_endpoint=count, busy={})


def test_a_batch_of_any_size_takes_as_many_statements(opened: Opened) -> None:
    every = claimed(opened, 60)
    counts = []
    for batch in (every[:1], every[1:]):
        opened.statements.clear()
        settle_all(opened.engine, settlements(batch), worker="w")
        counts.append(len(opened.statements))
    assert counts[0] == counts[1] <= 4
    assert set(opened.states()) == {"delivered"}


def test_where_nothing_failed_postgresql_is_asked_once(postgres_url: str) -> None:
    opened = Opened(postgres_url)
    opened.add_endpoints(A)
    with opened.engine.begin() as connection:
        connection.execute(webhook_endpoints.update().values(failing_since=1))
    batch = settlements(claimed(opened, 3))
    opened.statements.clear()
    assert settle_all(opened.engine, batch, worker="w") == {}
    assert len(opened.statements) == 1
    with opened.engine.connect() as connection:
        assert connection.execute(select(webhook_endpoints.c.failing_since)).scalar_one() is None
        assert connection.execute(select(func.count()).select_from(webhook_attempts)).scalar() == 3
    assert opened.states() == ["delivered"] * 3
    opened.close()


def test_rows_are_found_by_their_numbers_among_thousands(opened: Opened) -> None:
    opened.fill(B, 5_000)
    batch = claimed(opened, 5)
    with opened.explained() as plans:
        settle_all(opened.engine, settlements(batch, DeliveryState.PENDING), worker="w")
    for plan in plans:
        assert "SCAN d" not in plan
        assert "Seq Scan on webhook_deliveries" not in plan


def test_a_batch_is_settled_as_a_whole_or_not_at_all(opened: Opened) -> None:
    batch = settlements(claimed(opened, 3))
    with opened.engine.begin() as connection:
        webhook_endpoints.drop(connection)
    with pytest.raises(DBAPIError, match="webhook_endpoints"):
        settle_all(opened.engine, batch, worker="w")
    assert set(opened.states()) == {"pending"}
    with opened.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(webhook_attempts)).scalar() == 0


def test_only_the_worker_that_holds_a_delivery_settles_it(opened: Opened) -> None:
    batch = claimed(opened, 1)
    settle_all(opened.engine, settlements(batch), worker="somebody else")
    assert opened.states() == ["pending"]


def test_what_is_let_go_of_belongs_to_nobody(opened: Opened) -> None:
    release_all(opened.engine, claims=claimed(opened, 2), now=LATE)
    with opened.engine.connect() as connection:
        rows = connection.execute(select(webhook_deliveries.c.claimed_by, webhook_deliveries.c.free_at)).all()
    assert [tuple(row) for row in rows] == [(None, LATE)] * 2
