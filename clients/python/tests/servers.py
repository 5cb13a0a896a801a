"""Servers in a thread, so that tests with and without an event loop can use them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from threading import Thread
from typing import TypeVar

__all__ = ["in_thread"]

_T = TypeVar("_T")


@contextmanager
def in_thread(make: Callable[[], AbstractAsyncContextManager[_T]]) -> Iterator[_T]:
    """Run an asynchronous context manager in a loop of its own, so that the test's loop, if any, stays free."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=_run, args=(loop,), name="servers", daemon=True)
    thread.start()
    made = make()
    try:
        yield asyncio.run_coroutine_threadsafe(made.__aenter__(), loop).result(30)
        asyncio.run_coroutine_threadsafe(made.__aexit__(None, None, None), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
