import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from limi.features.journal import (
    InMemoryJournalStore,
    JournalFullError,
    JournalReader,
    JournalStoppedError,
    JournalTimeoutError,
)
from tests.unit.features.journal.harness import Facts, FakeClock, away


class SlowStore(InMemoryJournalStore):
    """Its ping waits for a gate, which is open at first, or fails."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def ping(self) -> None:
        self.gate.wait(30)
        if self.error is not None:
            raise self.error


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> SlowStore:
    facts, made = Facts(clock), SlowStore()
    made.append([facts.minted(session_id=f"s{n}", ttl=10) for n in range(3)], writer="w")
    return made


@asynccontextmanager
async def reading(store: SlowStore, clock: FakeClock, timeout_seconds: float) -> AsyncIterator[JournalReader]:
    made = JournalReader(store=store, clock=clock, timeout_seconds=timeout_seconds, max_waiting=2)
    await made.start()
    yield made
    store.gate.set()
    await made.stop()


@pytest.fixture
async def reader(store: SlowStore, clock: FakeClock) -> AsyncIterator[JournalReader]:
    async with reading(store, clock, 30) as made:
        yield made


@pytest.fixture
async def hasty(store: SlowStore, clock: FakeClock) -> AsyncIterator[JournalReader]:
    """For a store that hangs; one that answers may take longer on a busy machine."""
    async with reading(store, clock, 0.05) as made:
        yield made


async def test_it_reads_what_is_live_now(reader: JournalReader, clock: FakeClock) -> None:
    live = await reader.live_tokens(limit=1)
    assert (live.total, live.newest[0].session_id) == (3, "s2")
    assert (await reader.live_tokens(limit=1, tenant="nobody")).total == 0
    clock.advance(10)
    assert (await reader.live_tokens(limit=1)).total == 0


async def test_it_reads_entries_after_a_cursor(reader: JournalReader) -> None:
    assert [entry.seq for entry in await reader.entries(after=1, limit=1)] == [2]
    assert len(await reader.entries()) == 3


async def test_a_store_that_fails_is_passed_on(reader: JournalReader, store: SlowStore) -> None:
    await reader.ping()
    store.error = error = away()
    with pytest.raises(type(error)):
        await reader.ping()


async def test_an_answer_is_waited_for_only_so_long(hasty: JournalReader, store: SlowStore) -> None:
    store.gate.clear()
    with pytest.raises(JournalTimeoutError):
        await hasty.ping()


async def test_more_questions_than_may_wait_are_refused_until_the_store_answers(
    hasty: JournalReader, store: SlowStore
) -> None:
    store.gate.clear()
    waiting = [asyncio.create_task(hasty.ping()) for _ in range(2)]
    await asyncio.gather(*waiting, return_exceptions=True)
    with pytest.raises(JournalFullError):
        await hasty.ping()
    store.gate.set()
    while True:
        try:
            await hasty.ping()
        except (JournalFullError, JournalTimeoutError):
            await asyncio.sleep(0)
        else:
            break


async def test_a_caller_that_leaves_does_not_take_the_answer_of_others(
    reader: JournalReader, store: SlowStore
) -> None:
    store.gate.clear()
    leaving, staying = asyncio.create_task(reader.ping()), asyncio.create_task(reader.ping())
    await asyncio.sleep(0)
    leaving.cancel()
    store.gate.set()
    await staying


async def test_it_answers_only_between_start_and_stop(store: SlowStore, clock: FakeClock) -> None:
    reader = JournalReader(store=store, clock=clock)
    with pytest.raises(JournalStoppedError):
        await reader.ping()
    await reader.stop()
    await reader.start()
    await reader.ping()
    await reader.stop()
    await reader.stop()
    with pytest.raises(JournalStoppedError):
        await reader.ping()
