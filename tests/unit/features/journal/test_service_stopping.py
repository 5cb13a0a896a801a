"""The end of a writer: what is still written, what is given up, and what is said of it."""

import asyncio

import pytest

from limi.features.journal import (
    JournalStoppedError,
)
from limi.features.journal.lease import WriterLease
from tests.unit.features.journal.desk import Desk, Logs, events, failure_of
from tests.unit.features.journal.harness import CountingIds, away


async def test_stopping_writes_what_is_queued_and_refuses_more(desk: Desk) -> None:
    await desk.start(desk.make(batch_size=3))
    waiting = [desk.writer.record(fact) for fact in desk.facts.intents(10)]
    await desk.writer.stop()
    await asyncio.gather(*waiting)
    assert len(desk.written()) == 10
    late = desk.writer.record(desk.facts.intent())
    assert isinstance((await failure_of(late)).__cause__, JournalStoppedError)
    with pytest.raises(JournalStoppedError):
        await desk.writer.flush()


async def test_a_late_outcome_is_counted_as_dropped(desk: Desk, logs: Logs) -> None:
    await desk.start()
    await desk.writer.stop()
    await failure_of(desk.writer.record(desk.facts.failed(desk.facts.intent())))
    assert desk.writer.state.dropped == 1
    assert events(logs) == ["journal.outcomes_dropped"]


async def test_stopping_twice_or_at_once_is_stopping(desk: Desk) -> None:
    await desk.start()
    await asyncio.gather(desk.writer.stop(), desk.writer.stop())
    await desk.writer.stop()


async def test_a_cancelled_stop_goes_on_and_can_be_awaited_again(desk: Desk) -> None:
    await desk.start()
    held = await desk.hold_commit()
    stopping = asyncio.create_task(desk.writer.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    desk.store.gate.set()
    await desk.writer.stop()
    await held


async def test_stopping_gives_a_hanging_store_up(desk: Desk, logs: Logs) -> None:
    await desk.start()
    held = await desk.hold_commit()
    behind = desk.writer.record(desk.facts.intent())
    outcome = desk.writer.record(desk.facts.failed(desk.facts.intent()))
    await desk.writer.stop(within_seconds=0.02)
    for durable in (held, behind, outcome):
        await failure_of(durable)
    assert desk.writer.state.dropped == 1
    assert events(logs) == ["journal.outcomes_dropped"]


async def test_stopping_while_the_store_fails_says_what_is_lost(desk: Desk, logs: Logs) -> None:
    await desk.start()
    desk.store.error = away()
    await failure_of(desk.writer.record(desk.facts.failed(desk.facts.intent())))
    await desk.writer.stop()
    assert events(logs) == ["journal.unavailable", "journal.outcomes_dropped"]
    assert logs[-1]["count"] == 1


async def test_stopping_releases_the_lease(desk: Desk) -> None:
    await desk.start()
    await desk.writer.record(desk.facts.intent())
    await desk.writer.stop()
    desk.clock.advance(0.001)
    other = WriterLease(store=desk.store, clock=desk.clock, ids=CountingIds(5000), seconds=15)
    assert other.tend() == 1
