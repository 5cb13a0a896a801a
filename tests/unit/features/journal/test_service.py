import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from limi.features.journal import (
    FactRefusedError,
    JournalFullError,
    JournalStoppedError,
    JournalTimeoutError,
    JournalWriter,
    Selection,
)
from limi.features.journal.lease import WriterLease
from limi.kernel.facts import Fact
from limi.kernel.journal import Journal, JournalUnavailableError
from limi.kernel.settings import JournalSettings
from tests.unit.features.journal.harness import CountingIds, Facts, FakeClock, TroubledStore, away

Logs = list[Any]


class Ticks:
    """Stands for `asyncio.sleep` between renewals: each waits until the test lets it pass."""

    def __init__(self) -> None:
        self._passed: asyncio.Queue[None] = asyncio.Queue()
        self.waiting: asyncio.Queue[float] = asyncio.Queue()

    async def __call__(self, seconds: float) -> None:
        self.waiting.put_nowait(seconds)
        await self._passed.get()

    async def until_asleep(self) -> float:
        return await self.waiting.get()

    def let_pass(self) -> None:
        self._passed.put_nowait(None)


class Desk:
    """A running writer, all it was made from, and what it logged."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.facts = Facts(self.clock)
        self.store = TroubledStore()
        self.ticks = Ticks()
        self.writer = self.make()

    def make(self, *, retry_seconds: float = 30.0, **settings: float) -> JournalWriter:
        return JournalWriter(
            store=self.store,
            settings=msgspec.structs.replace(JournalSettings(linger_ms=0), **settings),
            clock=self.clock,
            ids=CountingIds(),
            retry_seconds=retry_seconds,
            sleep=self.ticks,
        )

    async def start(self, writer: JournalWriter | None = None) -> None:
        self.writer = writer or self.writer
        await self.writer.start()
        await self.ticks.until_asleep()

    def written(self) -> list[str]:
        return [entry.id for entry in self.store.entries(after=0, limit=100_000, selection=Selection())]

    async def hold_commit(self) -> asyncio.Future[None]:
        """Keep a commit of one intent from ending, so that what follows has to gather."""
        self.store.gate.clear()
        self.store.entered.clear()
        held = self.writer.record(self.facts.intent())
        await asyncio.to_thread(self.store.entered.wait, 30)
        return held


@pytest.fixture
def logs() -> Iterator[Logs]:
    with capture_logs() as captured:
        yield captured


@pytest.fixture
async def desk(logs: Logs) -> AsyncIterator[Desk]:  # noqa: ARG001 - captures before anything is logged
    made = Desk()
    yield made
    made.store.gate.set()
    await made.writer.stop()


def is_healthy(desk: Desk) -> bool:
    return desk.writer.state.healthy


def events(logs: Logs) -> list[str]:
    return [entry["event"] for entry in logs]


async def failure_of(durable: Awaitable[None]) -> JournalUnavailableError:
    with pytest.raises(JournalUnavailableError) as caught:
        await durable
    return caught.value


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what a writer reaches by itself sends no event
        await asyncio.sleep(0)


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


async def test_a_full_queue_refuses_at_once(desk: Desk) -> None:
    await desk.start(desk.make(queue_size=3))
    held = await desk.hold_commit()
    waiting = [desk.writer.record(fact) for fact in desk.facts.intents(3)]
    refused = desk.writer.record(desk.facts.intent())
    assert refused.done()
    assert isinstance((await failure_of(refused)).__cause__, JournalFullError)
    desk.store.gate.set()
    await asyncio.gather(held, *waiting)


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
