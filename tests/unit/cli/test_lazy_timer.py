"""A timer that is set anew only for an earlier time."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from limi.cli.lazy_timer import LazyTimer


class _Handle:
    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self._when = when
        self.fire = callback
        self.is_cancelled = False

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self.is_cancelled = True


class _Loop:
    """Remembers its timers, which a test lets fire."""

    def __init__(self) -> None:
        self.handles: list[_Handle] = []

    def call_at(self, when: float, callback: Callable[[], None]) -> _Handle:
        self.handles.append(_Handle(when, callback))
        return self.handles[-1]

    @property
    def times(self) -> list[float]:
        return [handle.when() for handle in self.handles if not handle.is_cancelled]


def _timer(calls: list[Any]) -> tuple[LazyTimer, _Loop]:
    loop = _Loop()
    return LazyTimer(cast("asyncio.AbstractEventLoop", loop), lambda: calls.append(None)), loop


def test_a_later_time_changes_nothing_and_an_earlier_one_counts() -> None:
    timer, loop = _timer([])
    timer.call_by(5)
    timer.call_by(9)
    assert loop.times == [5]
    timer.call_by(3)
    assert loop.times == [3]


def test_once_it_has_fired_it_can_be_set_again() -> None:
    calls: list[Any] = []
    timer, loop = _timer(calls)
    timer.call_by(5)
    loop.handles[0].fire()
    assert len(calls) == 1
    timer.call_by(9)
    assert len(loop.handles) == 2


def test_a_cancelled_one_calls_nobody_and_can_be_set_again() -> None:
    timer, loop = _timer([])
    timer.cancel()
    timer.call_by(5)
    timer.cancel()
    assert loop.times == []
    timer.call_by(9)
    assert loop.times == [9]
