"""Sessions share one limit and one end, however they are carried."""

import asyncio
from typing import cast

from limi.sandbox.sessions.live_session import LiveSession
from limi.sandbox.sessions.open_sessions import OpenSessions
from limi.sandbox.sessions.send_queue import Farewell


class _Live:
    def __init__(self) -> None:
        self.left: list[Farewell] = []

    def leave(self, farewell: Farewell) -> None:
        self.left.append(farewell)


async def test_it_is_full_at_its_limit_and_empty_when_all_have_gone() -> None:
    sessions = OpenSessions(limit=2)
    await asyncio.wait_for(sessions.empty(), 1)
    first, second = cast("LiveSession", _Live()), cast("LiveSession", _Live())
    sessions.add(first)
    before = sessions.is_full
    sessions.add(second)
    assert (before, sessions.is_full) == (False, True)
    waiting = asyncio.ensure_future(sessions.empty())
    sessions.discard(first)
    sessions.discard(first)
    await asyncio.sleep(0)
    assert not waiting.done()
    sessions.discard(second)
    await asyncio.wait_for(waiting, 1)
    assert len(sessions) == 0


async def test_everybody_is_asked_to_leave_and_nobody_else_comes() -> None:
    sessions = OpenSessions(limit=2)
    live = _Live()
    sessions.add(cast("LiveSession", live))
    before = sessions.is_stopping
    sessions.dismiss()
    assert (before, sessions.is_stopping) == (False, True)
    assert [farewell.code for farewell in live.left] == [1001]
