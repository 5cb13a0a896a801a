"""How many rows are changed at a time; what comes of it stands in tests/contract/webhooks."""

from pathlib import Path

import pytest
from sqlalchemy import event

from limi.adapters.sql.delivery_claims import MAX_ROWS
from limi.adapters.sql.delivery_upkeep import cancel_waiting, in_state, prune_ended, replay_selected
from limi.features.webhooks.model import AllFailed, DeliveryId, DeliveryState, OneDelivery, Window
from tests.unit.adapters.sql.delivery_harness import NOON, A, Opened


class Commits:
    """Counts transactions."""

    def __init__(self, opened: Opened) -> None:
        self.count = 0
        event.listen(opened.engine, "commit", self._note)

    def _note(self, _: object) -> None:
        self.count += 1


async def test_cancelling_much_is_many_short_transactions(opened: Opened) -> None:
    opened.fill(A, 3 * MAX_ROWS + 1)
    commits = Commits(opened)
    assert await cancel_waiting(opened.database, A, why="endpoint_disabled") == 3 * MAX_ROWS + 1
    assert commits.count == 4 + 1


async def test_replaying_much_is_many_short_transactions(opened: Opened) -> None:
    opened.fill(A, 2 * MAX_ROWS + 1, state="failed")
    commits = Commits(opened)
    assert await replay_selected(opened.database, AllFailed(endpoint=A), now=NOON) == 2 * MAX_ROWS + 1
    assert commits.count == 3 + 1


async def test_pruning_much_is_many_short_transactions_and_reads_nothing_young(opened: Opened) -> None:
    opened.fill(A, 2 * MAX_ROWS + 1, state="delivered")
    opened.fill(A, 5 * MAX_ROWS, state="delivered", first=1000)
    commits = Commits(opened)
    assert await prune_ended(opened.database, NOON + 500) == 2 * MAX_ROWS + 1
    assert commits.count == 3 + 1
    commits.count = 0
    assert await prune_ended(opened.database, NOON + 500) == 0
    assert commits.count == 1


async def test_a_window_is_found_by_the_ids_of_its_time(opened: Opened) -> None:
    opened.fill(A, 5_000, state="delivered")
    window = Window(endpoint=A, since=NOON + 4_000, until=NOON + 4_010)
    with opened.explained() as plans:
        assert await replay_selected(opened.database, window, now=NOON) == 10
    assert "webhook_deliveries_once" in plans[0]
    assert opened.states()[4_000:4_010] == ["pending"] * 10
    assert opened.states().count("pending") == 10


@pytest.mark.parametrize("until", [-1.0, 0.0, NOON + 1e11])
async def test_a_window_may_lie_anywhere(opened: Opened, until: float) -> None:
    opened.fill(A, 1, state="delivered")
    window = Window(endpoint=A, since=-5.0, until=until)
    assert await replay_selected(opened.database, window, now=NOON) == (1 if until > NOON else 0)


async def test_failures_are_found_by_index(opened: Opened) -> None:
    opened.fill(A, 5_000, state="delivered")
    opened.fill(A, 5, state="failed", first=5_000)
    with opened.explained() as plans:
        assert await replay_selected(opened.database, AllFailed(endpoint=A), now=NOON) == 5
    assert "webhook_deliveries_undelivered" in plans[0]


async def test_what_another_is_just_changing_is_passed_over(postgres_url: str) -> None:
    """Two who wait for each other would both fail."""
    opened = Opened(postgres_url)
    opened.add_endpoints(A)
    opened.fill(A, 2, state="failed")
    with opened.engine.connect() as other:
        other.exec_driver_sql("SELECT id FROM webhook_deliveries WHERE id = 1 FOR UPDATE")
        first = OneDelivery(endpoint=A, delivery=DeliveryId(1))
        assert await replay_selected(opened.database, first, now=NOON) == 0
        assert await replay_selected(opened.database, AllFailed(endpoint=A), now=NOON) == 1
    opened.close()


def test_states_are_written_as_the_indices_have_them(tmp_path: Path) -> None:
    opened = Opened(f"sqlite:///{tmp_path}/limi.db")
    said = {state: str(in_state(state)) for state in DeliveryState}
    assert said[DeliveryState.PENDING] == "webhook_deliveries.state = 'pending'"
    assert "state IN ('failed', 'cancelled')" in said[DeliveryState.FAILED]
    assert "state IN ('failed', 'cancelled')" in said[DeliveryState.CANCELLED]
    opened.close()
