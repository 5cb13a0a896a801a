"""The intake of clients' events: many requests, one store, few transactions.

A request's events are on disk before it is answered, so nothing that was answered is lost. As in the journal,
requests that come while a transaction is under way go together into the next, and one that waits for nobody waits
a moment for company. A client sends what failed again: events are known by their ids, so a repeat does no harm.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.model import ClientEvent, EventKey
from limi.features.analytics.ports import AnalyticsObserver, ClientEventStore
from limi.kernel.analytics_settings import AnalyticsSettings

__all__ = ["EventIntake"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """The events of one request, and who waits for them."""

    events: Sequence[ClientEvent]
    waiter: "asyncio.Future[int]"


class EventIntake:
    """Takes events in until it is stopped."""

    def __init__(
        self, *, store: ClientEventStore, settings: AnalyticsSettings, observer: AnalyticsObserver
    ) -> None:
        self._store = store
        self._settings = settings
        self._observer = observer
        self._waiting: deque[_Batch] = deque()
        self._in_flight: list[_Batch] = []
        self._arrival = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self.queued = 0
        """Events that wait to be written."""

    async def start(self) -> None:
        """Begin to write. A database that is away does not hinder the start."""
        self._task = asyncio.get_running_loop().create_task(self._write_for_ever(), name="analytics intake")

    async def stop(self, *, within_seconds: float = 2.0) -> None:
        """Write what waits, as far as there is time, and refuse what comes."""
        task, self._task = self._task, None
        if task is None:
            return
        waiters = [batch.waiter for batch in [*self._in_flight, *self._waiting]]
        if waiters:
            await asyncio.wait(waiters, timeout=within_seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._fail(list(self._waiting), AnalyticsUnavailableError("the server stops"))
        self._waiting.clear()

    async def take(self, events: Sequence[ClientEvent]) -> int:
        """Return how many of `events` are new, when they are on disk.

        Raises:
            AnalyticsUnavailableError: they are not; the same may be sent again.
        """
        if not self._settings.enabled or not events:
            return 0
        if self._task is None:
            raise AnalyticsUnavailableError("events are not taken in now")
        if self.queued + len(events) > self._settings.queue_size:
            self._note_failure("too many events wait to be written")
            raise AnalyticsUnavailableError(f"{self.queued} events wait to be written already")
        batch = _Batch(events, asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        self.queued += len(events)
        self._arrival.set()
        # Shielded, because the events are written even where the client has left meanwhile.
        return await asyncio.shield(batch.waiter)

    async def _write_for_ever(self) -> None:
        try:
            while True:
                await self._work_arrives()
                self._in_flight = self._next()
                await self._write(self._in_flight)
                self._in_flight = []
        finally:
            self._fail(self._in_flight, AnalyticsUnavailableError("the server stops"))

    async def _work_arrives(self) -> None:
        if not self._waiting:
            self._arrival.clear()
            await self._arrival.wait()
        if self._settings.linger_ms and self.queued < self._settings.batch_size:
            await asyncio.sleep(self._settings.linger_ms / 1000)

    def _next(self) -> list[_Batch]:
        """Take whole requests up to the batch's size, one at least."""
        taken = [self._waiting.popleft()]
        size = len(taken[0].events)
        while self._waiting and size + len(self._waiting[0].events) <= self._settings.batch_size:
            taken.append(self._waiting.popleft())
            size += len(taken[-1].events)
        self.queued -= size
        return taken

    async def _write(self, batches: Sequence[_Batch]) -> None:
        try:
            fresh = set(await self._store.add([event for batch in batches for event in batch.events]))
        except AnalyticsUnavailableError as exc:
            self._note_failure(str(exc))
            self._fail(batches, exc)
            return
        except Exception as exc:  # noqa: BLE001 - a defect in a store must not end the intake
            _log.error("analytics.intake_crashed", exc_info=exc)
            self._fail(batches, AnalyticsUnavailableError(type(exc).__name__))
            return
        if self._failing:
            self._failing = False
            _log.warning("analytics.recovered")
        for batch in batches:
            self._settle(batch, fresh)

    def _settle(self, batch: _Batch, fresh: set[EventKey]) -> None:
        new = 0
        for event in batch.events:
            accepted = event.key in fresh
            # Another of the same id, in this batch or in the next, is a duplicate.
            fresh.discard(event.key)
            new += accepted
            self._observer.analytics_events(event.type.value, "accepted" if accepted else "duplicate")
        if not batch.waiter.done():
            batch.waiter.set_result(new)

    def _fail(self, batches: Sequence[_Batch], error: AnalyticsUnavailableError) -> None:
        for batch in batches:
            if not batch.waiter.done():
                batch.waiter.set_exception(error)
                batch.waiter.exception()  # Marks it as seen: the client may have left.

    def _note_failure(self, what: str) -> None:
        # Said once until a write succeeds: a line for each would bury the log while the database is away.
        if not self._failing:
            self._failing = True
            _log.error("analytics.unavailable", error=what)
