"""A thread that owns a blocking store: calls go in from the event loop, results come back to it.

It is not `concurrent.futures`, whose threads are joined when the interpreter ends: a database that hangs would
then keep the server from stopping. Handing a call over costs less, too.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from limi.features.journal.errors import JournalStoppedError

__all__ = ["StoreThread"]

_Result = TypeVar("_Result")
_Job = tuple[Callable[[], Any], "asyncio.Future[Any]"]
# The queue holds calls of every result type, each with the future of that type: hence `Any` in this file.


class StoreThread:
    """Runs calls one after another. How many may wait is for its owner to bound."""

    def __init__(self, *, name: str) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def run(self, call: Callable[[], _Result]) -> "asyncio.Future[_Result]":
        """Start `call` when those before it are done; a call whose future is cancelled by then is skipped."""
        future: asyncio.Future[_Result] = self._loop.create_future()
        if self._closed:
            future.set_exception(JournalStoppedError())
        else:
            self._jobs.put((call, future))
        return future

    def close(self) -> None:
        """Let the thread end after what it was given; never waits for it."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            call, future = job
            if future.cancelled():
                continue
            try:
                result, error = call(), None
            except Exception as exc:  # noqa: BLE001 - whatever it is belongs to the caller, not to this thread
                result, error = None, exc
            try:
                self._loop.call_soon_threadsafe(_settle, future, result, error)
            except RuntimeError:
                return  # The loop is closed, so nobody waits for this or for what follows.


def _settle(future: "asyncio.Future[Any]", result: object, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
        return
    future.set_exception(error)
    future.exception()  # Marks it as seen: a caller that gave up waiting must not cause a warning.
