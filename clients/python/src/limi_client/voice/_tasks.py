"""Tasks by name, so that each has an owner which ends it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

__all__ = ["Tasks"]


class Tasks:
    """The tasks of one conversation. A name is taken by one task at a time; a new one ends the old one."""

    def __init__(self) -> None:
        """Begin with none."""
        self._named: dict[str, asyncio.Task[None]] = {}
        self._all: set[asyncio.Task[None]] = set()
        self._cancelled: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Start a task under a name."""
        self.cancel(name)
        task = asyncio.get_running_loop().create_task(work, name=f"limi {name}")
        self._named[name] = task
        self._all.add(task)
        task.add_done_callback(self._forget)

    def cancel(self, name: str) -> None:
        """End a task, unless it is the one that asks: that comes to its end by itself."""
        task = self._named.pop(name, None)
        if task is not None and task is not asyncio.current_task():
            self._cancel_once(task)

    async def end_all(self, *, within: float) -> None:
        """End every task but the one that asks, and wait for them, though not for ever."""
        me = asyncio.current_task()
        others = [task for task in self._all if task is not me]
        for task in others:
            self._cancel_once(task)
        self._named.clear()
        if others:
            await asyncio.wait(others, timeout=within)

    def _cancel_once(self, task: "asyncio.Task[None]") -> None:
        # A second cancellation would reach a task in the middle of its cleaning up, and leave its socket open.
        if task not in self._cancelled:
            self._cancelled.add(task)
            task.cancel()

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._all.discard(task)
        self._cancelled.discard(task)
        for name in [name for name, named in self._named.items() if named is task]:
            del self._named[name]
