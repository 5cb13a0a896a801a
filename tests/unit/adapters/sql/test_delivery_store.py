"""The store in SQL; what every store must do stands in tests/contract/webhooks."""

from pathlib import Path

import pytest

from limi.adapters.sql.tables import webhook_deliveries
from limi.features.webhooks.model import DeliveryId, DeliveryQuery, DeliveryState
from limi.features.webhooks.ports import DeliveryStore
from limi.kernel.revision import AccessUnavailableError
from tests.unit.adapters.sql.delivery_harness import NOON, A, B, Opened

INDICES: dict[DeliveryState | None, str] = {
    DeliveryState.PENDING: "pending",
    DeliveryState.FAILED: "undelivered",
    DeliveryState.CANCELLED: "undelivered",
}


async def test_it_fits_the_port_and_says_when_its_table_is_gone(tmp_path: Path) -> None:
    opened = Opened(f"sqlite:///{tmp_path}/limi.db")
    store: DeliveryStore = opened.deliveries
    await opened.database.write(webhook_deliveries.drop)
    with pytest.raises(AccessUnavailableError, match="no such table: webhook_deliveries"):
        await store.backlog()
    opened.close()


@pytest.mark.parametrize("state", [None, *DeliveryState])
async def test_a_page_is_found_by_index_and_asks_the_journal_for_its_rows_only(
    opened: Opened, state: DeliveryState | None
) -> None:
    opened.fill(A, 3000, state="delivered")
    opened.fill(A, 10, state="failed", first=3000)
    opened.fill(A, 10, state="pending", first=3010)
    opened.fill(B, 10)
    query = DeliveryQuery(endpoint=A, state=state)
    with opened.explained() as plans:
        found = await opened.deliveries.deliveries(query, before=DeliveryId(3015), limit=3)
    assert len(found) == (0 if state is DeliveryState.CANCELLED else 3)
    noted, plan = plans
    assert "webhook_outbox" in noted
    assert f"webhook_deliveries_{INDICES.get(state, 'once')}" in plan
    assert "Seq Scan on journal" not in plan
    assert "SCAN journal" not in plan


async def test_the_journal_may_have_lost_what_a_listing_shows(opened: Opened) -> None:
    opened.fill(A, 1, state="delivered")
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM journal")
    (found,) = await opened.deliveries.deliveries(DeliveryQuery(endpoint=A), before=None, limit=9)
    assert (found.event, found.tenant, found.created_at) == (None, None, NOON)
