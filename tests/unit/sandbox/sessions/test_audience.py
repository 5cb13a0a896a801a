"""Observers of a call: each gets everything, and none holds the others up."""

import asyncio

from limi.sandbox.sessions.audience import Audience
from limi.sandbox.sessions.send_queue import Farewell

_END = Farewell(1000, "over")


async def test_everybody_gets_every_event_from_the_moment_they_joined() -> None:
    audience = Audience(places=2, limit_bytes=100)
    first = audience.join()
    audience.put(b"one")
    second = audience.join()
    audience.put(b"two")
    assert [await first.take(), await first.take()] == [b"one", b"two"]
    assert await second.take() == b"two"


async def test_who_has_left_gets_nothing_more() -> None:
    audience = Audience(places=1, limit_bytes=100)
    queue = audience.join()
    assert audience.is_full
    audience.leave(queue)
    audience.leave(queue)
    assert len(audience) == 0
    audience.put(b"one")
    audience.close(_END)
    waiting = asyncio.ensure_future(queue.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_who_reads_too_slowly_is_sent_away_and_what_waited_is_forgotten() -> None:
    audience = Audience(places=2, limit_bytes=10)
    slow, quick = audience.join(), audience.join()
    for _ in range(3):
        audience.put(b"123456")
        assert await quick.take() == b"123456"
    farewell = await slow.take()
    assert isinstance(farewell, Farewell)
    assert farewell.code == 1013
    assert "10 bytes" in farewell.reason
    assert not slow.is_over_limit


async def test_the_end_comes_after_what_was_said_and_the_first_one_counts() -> None:
    audience = Audience(places=2, limit_bytes=100)
    queue = audience.join()
    audience.put(b"one")
    audience.close(_END)
    audience.close(Farewell(1001, "again"))
    assert [await queue.take(), await queue.take()] == [b"one", _END]
    assert await audience.join().take() == _END
