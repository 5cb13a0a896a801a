"""Tasks with an owner: none outlives it, and none fails unnoticed."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

__all__ = ["OwnedTasks"]

_log = structlog.get_logger(__name__)


class OwnedTasks:
    """The tasks of one session. A failing one is logged and leaves the others alone."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Run `work` until it ends or `cancel_all` is called."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    async def cancel_all(self) -> None:
        """Cancel what still runs and wait until it has stopped."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("sandbox.task.failed", task=task.get_name(), exc_info=error)
