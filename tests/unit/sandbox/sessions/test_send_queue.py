import asyncio

import pytest

from limi.sandbox.sessions.send_queue import Farewell, SendQueue


async def test_events_come_out_in_order_and_the_farewell_last() -> None:
    queue = SendQueue(limit_bytes=100)
    queue.put(b"one")
    queue.put(b"two")
    queue.close(Farewell(1001, "bye"))
    assert [await queue.take() for _ in range(3)] == [b"one", b"two", Farewell(1001, "bye")]


async def test_the_first_farewell_counts_and_nothing_follows_it() -> None:
    queue = SendQueue(limit_bytes=100)
    queue.close(Farewell(1001, "first"))
    queue.close(Farewell(1000, "second"))
    queue.put(b"late")
    assert await queue.take() == Farewell(1001, "first")


async def test_taking_waits_for_an_event() -> None:
    queue = SendQueue(limit_bytes=100)
    taking = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not taking.done()
    queue.put(b"event")
    assert await taking == b"event"


async def test_there_is_room_again_when_the_client_has_caught_up() -> None:
    queue = SendQueue(limit_bytes=5)
    queue.put(b"12345")
    await asyncio.wait_for(queue.room(), 1)
    queue.put(b"6")
    waiting = asyncio.create_task(queue.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await queue.take()
    await asyncio.wait_for(waiting, 1)


async def test_nobody_waits_for_room_in_a_closed_queue() -> None:
    queue = SendQueue(limit_bytes=1)
    queue.put(b"much too long")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.room(), 0.01)
    queue.close(Farewell(1001, "bye"))
    await asyncio.wait_for(queue.room(), 1)


async def test_a_queue_that_is_abandoned_forgets_what_waited() -> None:
    queue = SendQueue(limit_bytes=5)
    queue.put(b"123456")
    before = queue.is_over_limit
    queue.abandon(Farewell(1013, "too slow"))
    assert (before, queue.is_over_limit) == (True, False)
    assert await queue.take() == Farewell(1013, "too slow")


async def test_the_farewell_can_be_waited_for_before_the_events_are_taken() -> None:
    queue = SendQueue(limit_bytes=5)
    queue.put(b"event")
    waiting = asyncio.create_task(queue.closed())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.close(Farewell(1001, "bye"))
    await asyncio.wait_for(waiting, 1)
    assert await queue.take() == b"event"
