"""The writer while all goes well: what is written when, in which order, and how its lease is kept."""

import asyncio

import pytest

from limi.features.journal import (
    JournalFullError,
    JournalStoppedError,
    Selection,
)
from limi.features.journal.lease import WriterLease
from limi.kernel.journal import Journal
from tests.unit.features.journal.desk import Desk, Logs, events, failure_of, is_healthy
from tests.unit.features.journal.harness import CountingIds, away


async def test_a_fact_is_stored_when_its_record_resolves(desk: Desk) -> None:
    await desk.start()
    journal: Journal = desk.writer
    fact = desk.facts.intent()
    await journal.record(fact)
    assert desk.written() == [fact.id]
    assert desk.writer.state.committed == 1


async def test_facts_are_written_though_nobody_awaits_them(desk: Desk) -> None:
    await desk.start()
    fact = desk.facts.intent()
    desk.writer.record(fact)
    await desk.writer.flush()
    assert desk.written() == [fact.id]


async def test_what_arrives_during_a_commit_is_written_by_the_next_one(desk: Desk) -> None:
    await desk.start(desk.make(batch_size=500))
    held = await desk.hold_commit()
    waiting = [desk.writer.record(fact) for fact in desk.facts.intents(1000)]
    desk.store.gate.set()
    await asyncio.gather(held, *waiting)
    assert [len(batch) for batch in desk.store.batches] == [1, 500, 500]
    assert desk.writer.state.commits == 3


async def test_a_commit_waits_a_moment_for_company(desk: Desk) -> None:
    await desk.start(desk.make(linger_ms=5))
    first = desk.writer.record(desk.facts.intent())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = desk.writer.record(desk.facts.intent())
    await asyncio.gather(first, second)
    assert [len(batch) for batch in desk.store.batches] == [2]


async def test_the_journal_keeps_the_order_of_recording(desk: Desk) -> None:
    await desk.start(desk.make(batch_size=7))
    recorded: list[str] = []

    async def caller() -> None:
        for _ in range(10):
            intent = desk.facts.intent()
            outcome = desk.facts.minted(intent)
            recorded.extend([intent.id, outcome.id])
            await desk.writer.record(intent, outcome)

    await asyncio.gather(*(caller() for _ in range(10)))
    assert desk.written() == recorded


async def test_facts_recorded_together_are_written_together(desk: Desk) -> None:
    await desk.start(desk.make(batch_size=2))
    together = desk.facts.intents(5)
    await desk.writer.record(*together)
    assert desk.store.batches == [[fact.id for fact in together]]


async def test_a_full_queue_refuses_at_once(desk: Desk) -> None:
    await desk.start(desk.make(queue_size=3))
    held = await desk.hold_commit()
    waiting = [desk.writer.record(fact) for fact in desk.facts.intents(3)]
    refused = desk.writer.record(desk.facts.intent())
    assert refused.done()
    assert isinstance((await failure_of(refused)).__cause__, JournalFullError)
    desk.store.gate.set()
    await asyncio.gather(held, *waiting)


async def test_a_caller_that_leaves_disturbs_nobody(desk: Desk) -> None:
    await desk.start()
    held = await desk.hold_commit()
    leaving, staying = desk.writer.record(desk.facts.intent()), desk.writer.record(desk.facts.intent())
    leaving.cancel()
    desk.store.gate.set()
    await asyncio.gather(held, staying)
    assert len(desk.written()) == 3


async def test_a_record_without_facts_resolves_after_all_before_it(desk: Desk) -> None:
    await desk.start()
    held = await desk.hold_commit()
    desk.writer.record(desk.facts.intent())
    marker = desk.writer.record()
    desk.store.gate.set()
    await marker
    assert held.done()
    assert len(desk.written()) == 2
    assert desk.writer.state.commits == 2


async def test_a_writer_that_was_not_started_refuses_and_stops(desk: Desk) -> None:
    await failure_of(desk.writer.record(desk.facts.intent()))
    with pytest.raises(JournalStoppedError):
        await desk.writer.flush()
    await desk.writer.stop()


async def test_at_its_start_a_writer_ends_what_a_dead_one_left_open(desk: Desk, logs: Logs) -> None:
    dead = WriterLease(store=desk.store, clock=desk.clock, ids=CountingIds(5000), seconds=15)
    dead.append(intents := desk.facts.intents(3))
    desk.clock.advance(16)
    await desk.start()
    ended = desk.store.entries(after=3, limit=10, selection=Selection(event="token.unresolved"))
    assert [entry.resolves for entry in ended] == [intent.id for intent in intents]
    assert logs == [{"event": "journal.intents_unresolved", "count": 3, "log_level": "warning"}]


async def test_a_lease_is_renewed_each_third_of_it_and_others_are_watched(desk: Desk, logs: Logs) -> None:
    dead = WriterLease(store=desk.store, clock=desk.clock, ids=CountingIds(5000), seconds=15)
    dead.append(desk.facts.intents(1))
    await desk.writer.start()
    for _ in range(4):
        assert await desk.ticks.until_asleep() == 5
        desk.clock.advance(5)
        desk.ticks.let_pass()
    await desk.ticks.until_asleep()
    assert events(logs) == ["journal.intents_unresolved"]


async def test_a_lease_that_cannot_be_renewed_is_trouble_until_it_can(desk: Desk, logs: Logs) -> None:
    desk.store.error = away()
    await desk.start()
    assert not is_healthy(desk)
    desk.store.error = None
    desk.ticks.let_pass()
    await desk.ticks.until_asleep()
    assert is_healthy(desk)
    assert events(logs) == ["journal.unavailable", "journal.recovered"]


async def test_no_log_line_tells_what_a_fact_holds(desk: Desk, logs: Logs) -> None:
    await desk.start()
    fact = desk.facts.failed(desk.facts.intent())
    desk.store.refused = {fact.id}
    await failure_of(desk.writer.record(fact))
    desk.store.error = away()
    await failure_of(desk.writer.record(desk.facts.failed(desk.facts.intent())))
    assert len(logs) == 3
    said = str(logs)
    assert all(text not in said for text in ("req-1", "key:k1", "acme", "203.0.113.9", "test/1"))
