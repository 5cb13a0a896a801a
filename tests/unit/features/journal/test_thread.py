import asyncio
import threading
from functools import partial

import pytest

from limi.features.journal import JournalStoppedError
from limi.features.journal.thread import StoreThread


def fail() -> None:
    raise ValueError("no")


async def test_calls_run_one_after_another_in_one_other_thread() -> None:
    thread, seen = StoreThread(name="test"), list[str]()
    idents = await asyncio.gather(*(thread.run(threading.get_ident) for _ in range(5)))
    await asyncio.gather(*(thread.run(partial(seen.append, name)) for name in "abc"))
    assert len(set(idents)) == 1
    assert idents[0] != threading.get_ident()
    assert seen == ["a", "b", "c"]
    thread.close()


async def test_an_error_reaches_the_caller_and_the_thread_goes_on() -> None:
    thread = StoreThread(name="test")
    with pytest.raises(ValueError, match="no"):
        await thread.run(fail)
    assert await thread.run(lambda: 7) == 7
    thread.close()


async def test_a_call_given_up_before_its_turn_is_not_made() -> None:
    thread, gate, seen = StoreThread(name="test"), threading.Event(), list[str]()
    thread.run(gate.wait)
    given_up = thread.run(partial(seen.append, "given up"))
    given_up.cancel()
    last = thread.run(partial(seen.append, "last"))
    gate.set()
    await last
    assert seen == ["last"]
    thread.close()


async def test_a_closed_thread_ends_what_it_was_given_and_refuses_more() -> None:
    thread = StoreThread(name="test")
    last = thread.run(threading.current_thread)
    thread.close()
    thread.close()
    worker = await last
    with pytest.raises(JournalStoppedError):
        await thread.run(lambda: None)
    worker.join(10)
    assert not worker.is_alive()


def test_a_thread_outlives_its_loop_without_complaint() -> None:
    """The server may stop while the database hangs; the result then has nowhere to go."""
    gate, workers = threading.Event(), list[threading.Thread]()

    async def begin() -> None:
        thread = StoreThread(name="test")
        workers.append(await thread.run(threading.current_thread))
        thread.run(gate.wait)

    loop = asyncio.new_event_loop()  # `asyncio.run` would take away the loop that the other tests run in.
    loop.run_until_complete(begin())
    loop.close()
    gate.set()
    workers[0].join(10)
    assert not workers[0].is_alive()


async def test_it_does_not_keep_the_interpreter_from_ending() -> None:
    thread = StoreThread(name="test")
    worker = await thread.run(threading.current_thread)
    assert worker.daemon
    thread.close()
