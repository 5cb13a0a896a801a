"""Work on the journal that comes again and again, in a thread of its own so that no commit waits for it."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable

import structlog

from limi.features.journal.thread import StoreThread
from limi.kernel.journal import JournalUnavailableError

__all__ = ["Upkeep"]

_log = structlog.get_logger(__name__)


class Upkeep:
    """Does one thing, pauses, and does it again; a failure is logged once and tried again after the pause."""

    def __init__(
        self,
        work: Callable[[], object],
        *,
        name: str,
        seconds: float,
        stopping: threading.Event | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            work: what is done; it blocks.
            name: what logs call it.
            seconds: the pause.
            stopping: is set by `stop`, for work that takes long to see.
            sleep: how the pause is waited.
        """
        self._work = work
        self._name = name
        self._seconds = seconds
        self._sleep = sleep
        self._stopping = stopping
        self._thread: StoreThread | None = None
        self._task: asyncio.Task[None] | None = None
        self.failing = False
        """Whether the last attempt failed."""

    async def start(self) -> None:
        """Begin."""
        self._thread = StoreThread(name=f"limi-{self._name}")
        self._task = asyncio.get_running_loop().create_task(self._run(self._thread), name=self._name)

    async def stop(self, *, last: bool = False, within_seconds: float = 2.0) -> None:
        """End.

        Args:
            last: whether the work is done once more.
            within_seconds: how long that may take.
        """
        if self._stopping is not None:
            self._stopping.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._thread is not None:
            if last:
                await self._attempt(self._thread, within_seconds)
            self._thread.close()
            self._thread = None

    async def _run(self, thread: StoreThread) -> None:
        while True:
            await self._attempt(thread, None)
            await self._sleep(self._seconds)

    async def _attempt(self, thread: StoreThread, within_seconds: float | None) -> None:
        job = thread.run(self._work)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await asyncio.wait({job})
        if not job.done():
            return
        try:
            job.result()
        except Exception as exc:  # noqa: BLE001 - it must not end for good because it failed once
            if not self.failing:
                expected = isinstance(exc, (JournalUnavailableError, OSError))
                _log.error(
                    "journal.upkeep_failed",
                    work=self._name,
                    error=str(exc) if expected else type(exc).__name__,
                    exc_info=None if expected else exc,
                )
            self.failing = True
        else:
            self.failing = False
