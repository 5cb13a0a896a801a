"""A time-out for many short waits at once, with one timer among them.

`asyncio.timeout` makes and cancels a timer for each wait. For a body that has nearly always arrived already, that
cost an eighth of a mint (docs/decisions/0002). Here a wait costs a dictionary entry, and may end a tenth too late.
"""

import asyncio
import math
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

__all__ = ["Deadlines"]

_CUT: Final = math.inf
_Result = TypeVar("_Result")


class Deadlines:
    """Cuts what takes longer than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: dict[asyncio.Task[Any], float] = {}
        """When the wait of each task ends; `_CUT` for one that was cut."""
        self._timer: asyncio.TimerHandle | None = None

    async def keep(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Return what `work` returns.

        Raises:
            TimeoutError: it took too long, and was cancelled.
        """
        loop = asyncio.get_running_loop()
        # With the loop, because looking for it is a system call until Python 3.12.
        task = asyncio.current_task(loop)
        assert task  # noqa: S101 - a coroutine runs in a task
        self._ends[task] = loop.time() + self._seconds
        if self._timer is None:
            self._arm(loop)
        try:
            return await work
        except asyncio.CancelledError:
            # Somebody else may have cancelled the task as well; that is not ours to swallow.
            if self._ends[task] == _CUT and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            del self._ends[task]

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(self._seconds / 10, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now, self._timer = loop.time(), None
        for task, end in self._ends.items():
            if end <= now:
                self._ends[task] = _CUT
                task.cancel()
        if self._ends:
            self._arm(loop)
