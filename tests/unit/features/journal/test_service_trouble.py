"""The writer while its store fails, hangs or refuses: who is told, and what is kept for later."""

import asyncio
import gc
from contextlib import suppress
from typing import Any

from limi.features.journal import (
    FactRefusedError,
    JournalTimeoutError,
)
from limi.kernel.facts import Fact
from limi.kernel.journal import JournalUnavailableError
from tests.unit.features.journal.desk import Desk, Logs, events, failure_of, is_healthy, until
from tests.unit.features.journal.harness import away


async def test_a_failed_commit_fails_everyone_in_it_and_the_next_succeeds(desk: Desk, logs: Logs) -> None:
    await desk.start()
    held = await desk.hold_commit()
    failing = [desk.writer.record(fact) for fact in desk.facts.intents(20)]
    desk.store.error = away()
    desk.store.gate.set()
    for durable in (held, *failing):
        error = await failure_of(durable)
        assert error.__cause__ is desk.store.error
    assert not is_healthy(desk)
    desk.store.error = None
    desk.clock.advance(3)
    good = desk.facts.intent()
    await desk.writer.record(good)
    assert desk.written() == [good.id]
    assert is_healthy(desk)
    assert events(logs) == ["journal.unavailable", "journal.recovered"]
    assert logs[-1]["after_seconds"] == 3


async def test_an_outcome_whose_commit_failed_is_written_with_the_next_that_succeeds(desk: Desk) -> None:
    await desk.start()
    intent = desk.facts.intent()
    await desk.writer.record(intent)
    desk.store.error = away()
    outcome = desk.facts.minted(intent)
    await failure_of(desk.writer.record(outcome))
    assert desk.writer.state.kept == 1
    desk.store.error = None
    await desk.writer.record(later := desk.facts.intent())
    assert desk.written() == [intent.id, outcome.id, later.id]
    assert desk.writer.state.kept == 0


async def test_a_kept_outcome_is_tried_again_though_nothing_else_arrives(desk: Desk) -> None:
    await desk.start(desk.make(retry_seconds=0.001))
    desk.store.error = away()
    outcome = desk.facts.failed(desk.facts.intent())
    await failure_of(desk.writer.record(outcome))
    await until(lambda: len(desk.store.batches) > 2)
    desk.store.error = None
    await until(lambda: desk.writer.state.kept == 0 and desk.writer.state.healthy)
    assert desk.written() == [outcome.id]


async def test_many_kept_outcomes_follow_each_other_once_the_store_is_back(desk: Desk) -> None:
    await desk.start(desk.make(batch_size=10))
    desk.store.error = away()
    outcomes = [desk.facts.failed(desk.facts.intent()) for _ in range(35)]
    waiting = [desk.writer.record(outcome) for outcome in outcomes]
    for durable in waiting:
        await failure_of(durable)
    desk.store.error = None
    await desk.writer.record(desk.facts.intent())
    await until(lambda: desk.writer.state.committed == 36)
    assert set(desk.written()) >= {outcome.id for outcome in outcomes}


async def test_a_flush_ends_when_the_last_kept_outcome_is_written(desk: Desk) -> None:
    await desk.start(desk.make(batch_size=10))
    desk.store.error = away()
    waiting = [desk.writer.record(desk.facts.failed(desk.facts.intent())) for _ in range(35)]
    for durable in waiting:
        await failure_of(durable)
    desk.store.error = None
    await desk.writer.flush()
    assert (desk.writer.state.committed, desk.writer.state.kept) == (35, 0)


async def test_a_flush_waits_for_kept_outcomes_though_new_facts_go_first(desk: Desk) -> None:
    await desk.start(desk.make(batch_size=10, linger_ms=1))
    desk.store.error = away()
    waiting = [desk.writer.record(desk.facts.failed(desk.facts.intent())) for _ in range(15)]
    for durable in waiting:
        await failure_of(durable)
    desk.store.error = None
    desk.store.gate.clear()
    desk.store.entered.clear()
    flushing = asyncio.create_task(desk.writer.flush())
    await asyncio.to_thread(desk.store.entered.wait, 30)
    desk.writer.record(*desk.facts.intents(10))
    desk.store.gate.set()
    await flushing
    assert (desk.writer.state.committed, desk.writer.state.kept) == (25, 0)


async def test_an_intent_whose_commit_failed_is_not_written_later(desk: Desk) -> None:
    await desk.start()
    desk.store.error = away()
    await failure_of(desk.writer.record(desk.facts.intent()))
    await failure_of(desk.writer.record(desk.facts.replayed(desk.facts.minted())))
    desk.store.error = None
    await desk.writer.flush()
    assert desk.written() == []


async def test_a_failure_nobody_awaits_causes_no_complaint(desk: Desk) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    await desk.start()
    desk.store.error = away()
    intent = desk.facts.intent()
    desk.writer.record(intent)
    desk.writer.record(desk.facts.failed(intent))
    with suppress(JournalUnavailableError):
        await desk.writer.flush()
    desk.store.error = None  # Its traceback holds the commit, and so the futures, alive.
    await desk.writer.flush()
    gc.collect()
    assert complaints == []


async def test_outcomes_beyond_the_queue_are_kept_and_beyond_that_counted(desk: Desk, logs: Logs) -> None:
    await desk.start(desk.make(queue_size=3))
    await desk.hold_commit()
    outcomes = [desk.facts.failed(desk.facts.intent()) for _ in range(8)]
    for outcome in outcomes:
        desk.writer.record(outcome)
    assert (desk.writer.state.queued, desk.writer.state.kept, desk.writer.state.dropped) == (3, 3, 2)
    assert events(logs) == ["journal.outcomes_dropped"]
    desk.store.gate.set()
    await desk.writer.flush()
    assert set(desk.written()) >= {outcome.id for outcome in outcomes[:6]}


async def test_a_store_that_hangs_fails_those_in_the_commit_and_those_behind_it(desk: Desk) -> None:
    await desk.start(desk.make(write_seconds=0.02))
    held = await desk.hold_commit()
    behind = desk.writer.record(desk.facts.intent())
    for durable in (held, behind):
        assert isinstance((await failure_of(durable)).__cause__, JournalTimeoutError)
    assert isinstance((await failure_of(desk.writer.record(desk.facts.intent()))).__cause__, JournalTimeoutError)
    assert not is_healthy(desk)
    desk.store.gate.set()
    while not is_healthy(desk):
        # On a busy machine a commit takes longer than the time it has here.
        with suppress(JournalUnavailableError):
            await desk.writer.record(desk.facts.intent())


async def test_a_commit_that_was_given_up_may_still_succeed_and_its_outcome_is_there_once(desk: Desk) -> None:
    """The harmless side to err on: a row for which no key was handed out."""
    await desk.start(desk.make(write_seconds=0.02))
    intent = desk.facts.intent()
    outcome = desk.facts.failed(intent)
    desk.store.gate.clear()
    first, second = desk.writer.record(intent), desk.writer.record(outcome)
    await failure_of(first)
    await failure_of(second)
    desk.store.gate.set()
    await desk.writer.flush()
    assert desk.written() == [intent.id, outcome.id]


async def test_an_outcome_that_was_given_up_and_then_failed_is_kept_once(desk: Desk) -> None:
    await desk.start(desk.make(write_seconds=0.02))
    desk.store.gate.clear()
    await failure_of(desk.writer.record(desk.facts.failed(desk.facts.intent())))
    desk.store.error = away()
    desk.store.gate.set()
    await failure_of(desk.writer.record(desk.facts.intent()))
    assert desk.writer.state.kept == 1


async def test_a_fact_the_store_refuses_takes_nobody_with_it(desk: Desk, logs: Logs) -> None:
    await desk.start()
    held = await desk.hold_commit()
    intents = desk.facts.intents(50)
    bad = desk.facts.failed(intents[0])
    desk.store.refused = {intents[13].id, bad.id}
    recorded: list[Fact] = [*intents, bad]
    waiting = [desk.writer.record(fact) for fact in recorded]
    desk.store.gate.set()
    results = await asyncio.gather(held, *waiting, return_exceptions=True)
    refused = [result for result in results if result is not None]
    assert [type(error.__cause__) for error in refused] == [FactRefusedError, FactRefusedError]
    assert set(desk.written()) >= {fact.id for fact in recorded} - desk.store.refused
    assert (desk.writer.state.kept, desk.writer.state.dropped) == (0, 1)
    assert is_healthy(desk)
    assert events(logs) == ["journal.fact_refused", "journal.fact_refused", "journal.outcomes_dropped"]


async def test_a_defect_in_the_store_ends_neither_writer_nor_hope(desk: Desk, logs: Logs) -> None:
    await desk.start()
    desk.store.error = ValueError("a row's content")
    assert str(await failure_of(desk.writer.record(desk.facts.intent()))) == "the store failed"
    desk.store.error = None
    await desk.writer.record(desk.facts.intent())
    assert logs[0]["error"] == "ValueError"
