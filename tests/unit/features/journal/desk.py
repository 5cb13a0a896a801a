"""A running writer with all it was made from, for the tests of the journal's service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from limi.features.journal import JournalWriter, Selection
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.settings import JournalSettings
from tests.unit.features.journal.harness import CountingIds, Facts, FakeClock, TroubledStore

__all__ = ["Desk", "Logs", "Ticks", "events", "failure_of", "is_healthy", "until"]

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
