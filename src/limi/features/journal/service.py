"""The journal's writer: many callers, one thread, few commits.

`record` only queues. One task takes what has gathered and has it committed by one thread, and while that commit
waits for the disk the next batch gathers: a thousand facts a second cost a few hundred commits, and the event loop
never waits for the disk.

A commit also waits `linger_ms` for company, unless its batch is full. On SQLite, chain included, a fact takes the
thread 26 µs of processor time in batches of 8, 18 in batches of 16, 12 in batches of 32 and 9 in batches of 64.
So 2 ms halve at some thousand mints a second what 1 ms costs, and OpenAI's answer takes fifty times as long.

What happens when the database cannot be written was decided thus:

- Intents fail closed. Whoever awaits one is told within `write_seconds`, and it is not tried again: its request
  has been refused. If a commit that was given up succeeds after all, the journal holds an intent for which no key
  was handed out, which is the harmless side to err on.
- Outcomes are kept. They tell what has happened, so a record of facts that all resolve an intent is tried until it
  is written or the server stops, in memory and bounded; what finds no room is counted and logged.
- A fact that the store refuses for its content takes nobody with it: the batch is halved until it stands alone.
- The writer recovers by itself; every new batch is an attempt, and kept outcomes make one each second.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

import structlog

from limi.features.journal.backlog import Backlog, Record
from limi.features.journal.errors import (
    FactRefusedError,
    JournalFullError,
    JournalStoppedError,
    JournalTimeoutError,
)
from limi.features.journal.lease import WriterLease
from limi.features.journal.model import JournalState
from limi.features.journal.ports import JournalStore, Outbox
from limi.features.journal.privacy import OriginPrivacy
from limi.features.journal.sealing import Signer
from limi.features.journal.thread import StoreThread
from limi.kernel.clock import Clock
from limi.kernel.facts import Fact
from limi.kernel.ids import Ids
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.settings import JournalSettings

__all__ = ["JournalWriter"]

_log = structlog.get_logger(__name__)


class JournalWriter:
    """The process's one writer; implements `limi.kernel.journal.Journal`.

    Whoever made the store closes it, after `stop`.
    """

    def __init__(
        self,
        *,
        store: JournalStore,
        settings: JournalSettings,
        clock: Clock,
        ids: Ids,
        signer: Signer | None = None,
        privacy: OriginPrivacy | None = None,
        outbox: Outbox | None = None,
        observe: Callable[[int, float], None] | None = None,
        retry_seconds: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            store: where facts go.
            settings: sizes and times.
            clock: wall clock for leases.
            ids: makes this writer's id and those of the facts it adds.
            signer: signs checkpoints; without it rows are chained and nobody vouches for the chain.
            privacy: what is kept of addresses; everything without it.
            outbox: knows which endpoints are told of a fact; their deliveries are committed with it.
            observe: is told of each commit how many facts it wrote and how many seconds it took.
            retry_seconds: pause between attempts at kept outcomes alone; a second is soon for people and seldom
                for a database in trouble.
            sleep: how the pause between two renewals of the lease is waited.
        """
        self._settings = settings
        self._clock = clock
        self._observe = observe
        self._retry_seconds = retry_seconds
        self._sleep = sleep
        self._lease = WriterLease(
            store=store,
            clock=clock,
            ids=ids,
            seconds=settings.lease_seconds,
            signer=signer,
            privacy=privacy,
            outbox=outbox,
        )
        self._backlog = Backlog(limit=settings.queue_size)
        self._running = False
        self._failing_since: float | None = None
        self._in_flight: list[Record] = []
        self._dropped = 0
        self._dropping = False
        self._commits = 0
        self._committed = 0
        self._stopping: asyncio.Task[None] | None = None

    @property
    def writer(self) -> str:
        """This writer's id, which its rows carry."""
        return self._lease.writer

    @property
    def state(self) -> JournalState:
        """How the writer is doing now."""
        return JournalState(
            failing_since=self._failing_since,
            queued=self._backlog.queued,
            kept=self._backlog.kept,
            dropped=self._dropped,
            commits=self._commits,
            committed=self._committed,
        )

    async def start(self) -> None:
        """Begin to write. A database that is away does not hinder the start; the first records find out."""
        self._loop = asyncio.get_running_loop()
        self._thread = StoreThread(name="limi-journal-writer")
        self._running = True
        self._tasks = (
            self._loop.create_task(self._write_for_ever(), name="journal writer"),
            self._loop.create_task(self._tend_lease_for_ever(), name="journal lease"),
        )

    def record(self, *facts: Fact) -> "asyncio.Future[None]":
        """Queue `facts` at once, in this order, and return what resolves when they are on disk.

        Without facts it resolves when everything queued before is on disk.

        Raises:
            JournalUnavailableError: from the future: the facts are not on disk. Intents will not be, except where
                a commit given up for its slowness succeeds later; outcomes are tried again.
        """
        if self._running:
            return self._queue(facts)
        record = Record(facts, asyncio.get_running_loop().create_future())
        record.fail(JournalStoppedError())
        if record.is_outcome:
            self._drop(len(facts))
        return record.waiter

    async def flush(self) -> None:
        """Return when all that was recorded before is on disk, kept outcomes included.

        Raises:
            JournalUnavailableError: when the database cannot be written.
        """
        if not self._running:
            raise JournalStoppedError
        await self._flush()

    async def stop(self, *, within_seconds: float = 5.0) -> None:
        """Refuse new facts, write those queued, release the lease and end.

        It may be called again and returns when the first call is done; cancelling a caller does not cut it short.

        Args:
            within_seconds: how long the writing may take, and again the release; what is left is dropped.
        """
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop(within_seconds), name="journal stop")
        await asyncio.shield(self._stopping)

    def _queue(self, facts: Sequence[Fact]) -> "asyncio.Future[None]":
        record = Record(facts, self._loop.create_future())
        try:
            self._backlog.add(record)
        except JournalFullError as exc:
            self._give_up([record], exc)
        return record.waiter

    async def _flush(self) -> None:
        await self._queue(())
        while self._backlog.kept or self._retries_in_flight():
            await self._queue(())

    def _retries_in_flight(self) -> bool:
        """Say whether the commit under way has records whose waiters were told of an earlier attempt's end."""
        return any(record.waiter.done() for record in self._in_flight)

    async def _stop(self, within_seconds: float) -> None:
        if not self._running:
            return
        self._running = False
        with contextlib.suppress(JournalUnavailableError, TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._backlog.kept:
            self._drop(self._backlog.kept)
        release = self._thread.run(self._lease.release)
        self._thread.close()
        await asyncio.wait({release}, timeout=within_seconds)

    async def _write_for_ever(self) -> None:
        try:
            while True:
                await self._work_arrives()
                self._in_flight = self._backlog.take(self._settings.batch_size)
                await self._commit(self._in_flight)
                self._in_flight = []
        finally:
            # Nothing is written from here on, so nobody may go on waiting for it.
            self._running = False
            self._give_up(self._in_flight + self._backlog.take_new(), JournalStoppedError())

    async def _work_arrives(self) -> None:
        """Return when there is a batch worth taking: after the linger, unless it is full already."""
        if not self._backlog.has_new:
            self._backlog.arrival.clear()
            if self._backlog.kept and self._failing_since is None:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._retry_seconds if self._backlog.kept else None):
                    await self._backlog.arrival.wait()
        if self._settings.linger_ms and self._backlog.queued < self._settings.batch_size:
            await asyncio.sleep(self._settings.linger_ms / 1000)

    async def _commit(self, batch: Sequence[Record]) -> None:
        facts = [fact for record in batch for fact in record.facts]
        if facts:
            began = self._clock.monotonic()
            # Those that are tried again stand first.
            job = self._thread.run(partial(self._lease.append, facts, again=batch[0].again))
            if not await self._done_in_time(job, batch):
                return
            try:
                job.result()
            except FactRefusedError as exc:
                await self._commit_apart(batch, exc)
                return
            except Exception as exc:  # noqa: BLE001 - a defect in a store must not end the writer
                self._note_failure(exc)
                self._give_up(batch, exc)
                return
            self._commits += 1
            self._committed += len(facts)
            if self._observe is not None:
                self._observe(len(facts), self._clock.monotonic() - began)
            self._note_success()
        for record in batch:
            record.succeed()

    async def _commit_apart(self, batch: Sequence[Record], exc: FactRefusedError) -> None:
        """Halve a batch that holds a fact the store refuses, until that fact's record stands alone."""
        if len(batch) > 1:
            half = len(batch) // 2
            await self._commit(batch[:half])
            await self._commit(batch[half:])
            return
        (record,) = batch
        _log.error("journal.fact_refused", facts=[fact.id for fact in record.facts], error=str(exc))
        record.fail(exc)
        if record.is_outcome:
            self._drop(len(record.facts))

    async def _done_in_time(self, job: "asyncio.Future[None]", batch: Sequence[Record]) -> bool:
        """Wait for the end of `job`; each time it takes too long, give up everyone who waits by then."""
        limit = self._settings.write_seconds
        in_time = True
        while not (await asyncio.wait({job}, timeout=limit))[0]:
            error = JournalTimeoutError(seconds=limit)
            self._note_failure(error)
            self._give_up([*(batch if in_time else ()), *self._backlog.take_new()], error)
            in_time = False
        return in_time

    def _give_up(self, records: Iterable[Record], error: Exception) -> None:
        outcomes = []
        for record in records:
            record.fail(error)
            if record.is_outcome:
                outcomes.append(record)
        if dropped := self._backlog.keep(outcomes):
            self._drop(dropped)

    def _drop(self, count: int) -> None:
        self._dropped += count
        if not self._dropping:
            # Said once until a write succeeds: a line for each would bury the log while the database is away.
            self._dropping = True
            _log.error("journal.outcomes_dropped", count=count, dropped_since_start=self._dropped)

    def _note_failure(self, error: Exception) -> None:
        if self._failing_since is None:
            self._failing_since = self._clock.now()
            expected = isinstance(error, JournalUnavailableError)
            _log.error(
                "journal.unavailable",
                error=str(error) if expected else type(error).__name__,
                exc_info=None if expected else error,
            )

    def _note_success(self) -> None:
        self._dropping = False
        if self._failing_since is not None:
            seconds = round(self._clock.now() - self._failing_since, 3)
            self._failing_since = None
            _log.warning(
                "journal.recovered",
                after_seconds=seconds,
                outcomes_to_retry=self._backlog.kept,
                dropped_since_start=self._dropped,
            )

    async def _tend_lease_for_ever(self) -> None:
        while True:
            await self._tend_lease()
            await self._sleep(self._lease.renewal_seconds)

    async def _tend_lease(self) -> None:
        job = self._thread.run(self._lease.tend)
        if not (await asyncio.wait({job}, timeout=self._settings.write_seconds))[0]:
            self._note_failure(JournalTimeoutError(seconds=self._settings.write_seconds))
            await asyncio.wait({job})
        try:
            ended = job.result()
        except Exception as exc:  # noqa: BLE001 - as in `_commit`
            self._note_failure(exc)
            return
        self._note_success()
        if ended:
            _log.warning("journal.intents_unresolved", count=ended)
