"""A process to be killed: records intents and outcomes as fast as it can and prints each id that is on disk."""

import asyncio
import os
import sys

import structlog

from limi.adapters.sql import SQLJournalStore, open_engine
from limi.features.journal import JournalWriter
from limi.kernel.clock import SystemClock
from limi.kernel.facts import Fact, KeyMinted, MintRequested, Origin
from limi.kernel.ids import RandomIds, sortable_id
from limi.kernel.settings import JournalSettings

CALLERS = 32


async def main(url: str) -> None:
    clock, ids = SystemClock(), RandomIds()
    store = SQLJournalStore(engine=open_engine(url))
    writer = JournalWriter(store=store, settings=JournalSettings(), clock=clock, ids=ids)
    await writer.start()
    origin = Origin(request_id="r", caller="key:k1")

    async def record(fact: Fact) -> None:
        await writer.record(fact)
        os.write(sys.stdout.fileno(), f"{fact.id}\n".encode())

    async def call() -> None:
        while True:
            now = clock.now()
            intent = MintRequested(id=sortable_id(ids, now), at=now, origin=origin)
            await record(intent)
            await record(KeyMinted(id=sortable_id(ids, now), at=now, origin=origin, resolves=intent.id))

    await asyncio.gather(*(call() for _ in range(CALLERS)))


structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
asyncio.run(main(sys.argv[1]))
