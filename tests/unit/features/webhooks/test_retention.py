import pytest
from structlog.testing import capture_logs

from limi.features.webhooks.retention import DeliveryRetention
from limi.kernel.revision import AccessUnavailableError
from limi.testing import VirtualClock
from tests.unit.features.webhooks.harness import MailRoom
from tests.unit.features.webhooks.test_dispatcher import run

DAY = 86_400.0


class Batches:
    """Has so many rows to remove, and removes two at a time."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.before: list[float] = []
        self.broken = False

    async def prune(self, before: float) -> int:
        if self.broken:
            raise AccessUnavailableError("the disk is gone")
        self.before.append(before)
        count = min(2, self.rows)
        self.rows -= count
        return count


async def test_deliveries_that_are_over_are_removed_when_they_are_old() -> None:
    room = MailRoom()
    await room.endpoint()
    room.mint("old")
    await run(room, 1)
    await room.clock.advance(3 * DAY)
    room.mint("young")
    await run(room, 1)
    retention = DeliveryRetention(
        deliveries=room.deliveries, keep_seconds=2 * DAY, clock=room.clock, sleep=room.clock.sleep
    )
    await retention.start()
    await room.clock.advance(1)
    await retention.stop()
    assert len(await room.listed()) == 1


async def test_it_goes_on_until_nothing_is_left_and_looks_again_every_hour() -> None:
    clock, batches = VirtualClock(), Batches(5)
    retention = DeliveryRetention(deliveries=batches, keep_seconds=DAY, clock=clock, sleep=clock.sleep)  # type: ignore[arg-type]
    await retention.start()
    await clock.advance(10)
    assert batches.rows == 0
    assert len(batches.before) == 4
    batches.rows = 1
    await clock.advance(3600)
    await retention.stop()
    await retention.stop()
    assert batches.rows == 0
    assert batches.before[0] == pytest.approx(clock.now() - 3610 - DAY)


async def test_a_store_that_is_away_is_tried_again_after_an_hour() -> None:
    clock, batches = VirtualClock(), Batches(1)
    batches.broken = True
    retention = DeliveryRetention(deliveries=batches, keep_seconds=DAY, clock=clock, sleep=clock.sleep)  # type: ignore[arg-type]
    with capture_logs() as logs:
        await retention.start()
        await clock.advance(10)
        batches.broken = False
        await clock.advance(3600)
        await retention.stop()
    assert batches.rows == 0
    assert [line["event"] for line in logs] == ["webhooks.retention_failed", "webhooks.deliveries_removed"]
