"""The journal's writer on a real SQLite file: many callers, locks, other servers, and sudden death."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import IO

import pytest

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.features.journal import JournalEntry, JournalReader, JournalWriter, entries_in_order
from limi.features.journal.lease import WriterLease
from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.settings import JournalSettings
from tests.unit.features.journal.harness import CountingIds, Facts, FakeClock

KILLS = 50 if os.environ.get("LIMI_SOAK") else 5
CHILD = Path(__file__).parent / "journal_child.py"
SOURCE = Path(__file__).parents[2] / "src"


class Place:
    """A migrated database that several servers may open."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "limi.db"
        self.url = f"sqlite:///{self.path}"
        self._stores: list[SQLJournalStore] = []
        upgrade(self.url)

    def store(self, *, busy_seconds: float = 5.0) -> SQLJournalStore:
        made = SQLJournalStore(engine=open_engine(self.url, busy_seconds=busy_seconds))
        self._stores.append(made)
        return made

    def writer(self, *, busy_seconds: float = 5.0) -> JournalWriter:
        store = self.store(busy_seconds=busy_seconds)
        settings = JournalSettings(write_seconds=30)
        return JournalWriter(
            store=store, settings=settings, clock=SystemClock(), ids=RandomIds(), retry_seconds=0.01
        )

    def entries(self) -> list[JournalEntry]:
        return list(entries_in_order(self.store()))

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, timeout=5)

    def close(self) -> None:
        for store in self._stores:
            store.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


async def test_a_thousand_concurrent_records_need_few_commits(place: Place) -> None:
    writer, facts = place.writer(), Facts()
    await writer.start()
    intents = facts.intents(1000)
    await asyncio.gather(*(writer.record(intent) for intent in intents))
    assert writer.state.commits <= 10
    assert [entry.id for entry in place.entries()] == [intent.id for intent in intents]
    await writer.stop()


async def test_what_is_awaited_is_seen_by_another_process_connection(place: Place) -> None:
    writer, facts = place.writer(), Facts()
    await writer.start()
    with closing(place.connect()) as other:
        for _ in range(20):
            intent = facts.intent()
            await writer.record(intent)
            assert other.execute("SELECT 1 FROM journal WHERE id = ?", (intent.id,)).fetchone() == (1,)
    await writer.stop()


async def test_while_the_database_is_locked_nothing_is_acknowledged_and_afterwards_all_is(place: Place) -> None:
    writer, facts = place.writer(busy_seconds=0.02), Facts()
    await writer.start()
    before = facts.intents(20)
    await asyncio.gather(*(writer.record(intent) for intent in before))
    with closing(place.connect()) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = facts.intents(200)
        outcomes = [facts.failed(intent) for intent in refused] + [facts.minted(intent) for intent in before]
        waiting = [writer.record(fact) for fact in [*refused, *outcomes]]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(result, JournalUnavailableError) for result in results)
        assert writer.state.kept == 220
        other.execute("ROLLBACK")
    after = facts.intents(20)
    await asyncio.gather(*(writer.record(intent) for intent in after))
    await writer.flush()
    written = {entry.id for entry in place.entries()}
    assert written == {fact.id for fact in [*before, *after, *outcomes]}
    assert writer.state.healthy
    await writer.stop()


async def test_reading_goes_on_while_the_database_is_locked(place: Place) -> None:
    writer, facts = place.writer(), Facts()
    await writer.start()
    await writer.record(facts.minted())
    reader = JournalReader(store=place.store(), clock=FakeClock())
    await reader.start()
    with closing(place.connect()) as other:
        other.execute("BEGIN EXCLUSIVE")
        await reader.ping()
        assert (await reader.live_tokens(limit=10)).total == 1
        other.execute("ROLLBACK")
    await reader.stop()
    await writer.stop()


async def test_two_servers_write_into_one_journal_without_losing_a_row(place: Place) -> None:
    writers = [place.writer(), place.writer()]
    for writer in writers:
        await writer.start()
    batches = [Facts(start=number * 1_000_000).intents(300) for number in (1, 2)]
    await asyncio.gather(
        *(writer.record(fact) for writer, batch in zip(writers, batches, strict=True) for fact in batch)
    )
    for writer in writers:
        await writer.stop()
    assert {entry.id for entry in place.entries()} == {fact.id for batch in batches for fact in batch}


def test_of_several_servers_exactly_one_ends_each_open_intent(place: Place) -> None:
    clock = FakeClock()
    facts = Facts(clock)
    dead = WriterLease(store=place.store(), clock=clock, ids=CountingIds(), seconds=15)
    dead.append(intents := facts.intents(100))
    clock.advance(16)
    heirs = [
        WriterLease(store=place.store(), clock=clock, ids=CountingIds(number * 10_000), seconds=15)
        for number in range(1, 5)
    ]
    start = threading.Barrier(len(heirs))

    def tend(heir: WriterLease) -> int:
        start.wait()
        return heir.tend()

    with ThreadPoolExecutor(len(heirs)) as pool:
        assert sorted(pool.map(tend, heirs)) == [0, 0, 0, 100]
    ended = [entry.resolves for entry in place.entries() if entry.event == "token.unresolved"]
    assert sorted(map(str, ended)) == sorted(intent.id for intent in intents)


def acknowledged(output: IO[bytes], count: int) -> list[str]:
    """Read that many ids; a line that was cut off by death does not count."""
    lines: list[str] = []
    while len(lines) < count and (line := output.readline()).endswith(b"\n"):
        lines.append(line.decode().strip())
    return lines


@pytest.mark.soak
def test_what_was_acknowledged_outlives_kill_9(place: Place, tell: Callable[[str], None]) -> None:
    seen: set[str] = set()
    for round_ in range(KILLS):
        command = [sys.executable, str(CHILD), place.url]
        with subprocess.Popen(  # noqa: S603 - the command is this file's own
            command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(SOURCE)}
        ) as child:
            assert child.stdout is not None
            seen.update(acknowledged(child.stdout, 500 + 137 * (round_ % 5)))
            child.kill()
            seen.update(acknowledged(child.stdout, 1_000_000))
        with closing(place.connect()) as other:
            written = {id_ for (id_,) in other.execute("SELECT id FROM journal")}
        assert len(seen) >= 500 * (round_ + 1)
        assert seen <= written
    end_what_the_dead_left_open(place)
    tell(f"{KILLS} kills: {len(seen)} facts acknowledged, all of them written")


def end_what_the_dead_left_open(place: Place) -> None:
    clock = FakeClock()
    clock.advance(SystemClock().now() + 60 - clock.now())
    WriterLease(store=place.store(), clock=clock, ids=RandomIds(), seconds=15).tend()
    entries = place.entries()
    intents = {entry.id for entry in entries if entry.outcome == "requested"}
    resolved = [entry.resolves for entry in entries if entry.resolves]
    assert intents <= set(resolved)
    unresolved = [entry.resolves for entry in entries if entry.event == "token.unresolved"]
    assert len(unresolved) == len(set(unresolved))
