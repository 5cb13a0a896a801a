"""Names become addresses, and a slow one holds up nobody but those who ask for it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from limi.adapters.lookups import SharedLookup, look_up


class Names:
    """Stands for the operating system: it answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.address = "192.0.2.1"
        self._asking = threading.Semaphore(0)
        self._told = threading.Event()

    def look_up(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        self._asking.release()
        self._told.wait(30)
        if not self.address:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (self.address, port))]

    def answer(self, *, after: int = 0) -> None:
        """Answer now and from now on, or once so many are asking at the same time."""
        for _ in range(after):
            assert self._asking.acquire(timeout=30)
        self._told.set()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.look_up)
    yield names
    names.answer()


async def test_all_who_ask_at_once_share_one_look_up(names: Names) -> None:
    lookup = SharedLookup("slow.example", 443)
    asking = [asyncio.create_task(lookup.find()) for _ in range(300)]
    await asyncio.sleep(0)
    names.answer()
    for found in await asyncio.gather(*asking):
        assert found[0][4] == ("192.0.2.1", 443)
    assert names.asked == ["slow.example"]


async def test_who_gives_up_leaves_it_to_those_who_come_later(names: Names) -> None:
    lookup = SharedLookup("slow.example", 443)
    for _ in range(5):
        gives_up = asyncio.create_task(lookup.find())
        await asyncio.sleep(0)
        gives_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gives_up
    names.answer()
    assert (await lookup.find())[0][4] == ("192.0.2.1", 443)
    assert names.asked == ["slow.example"]


async def test_the_next_one_asks_anew(names: Names) -> None:
    """An address that was found once is not kept: the server may have moved."""
    lookup = SharedLookup("moving.example", 443)
    names.answer()
    await lookup.find()
    names.address = "192.0.2.2"
    assert (await lookup.find())[0][4] == ("192.0.2.2", 443)


async def test_a_name_without_addresses_is_an_error_until_it_has_one(names: Names) -> None:
    lookup = SharedLookup("none.example", 443)
    names.address = ""
    names.answer()
    with pytest.raises(socket.gaierror):
        await lookup.find()
    names.address = "192.0.2.1"
    assert await lookup.find()


async def test_an_empty_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    with pytest.raises(socket.gaierror):
        await SharedLookup("empty.example", 443).find()


async def test_no_room_for_a_thread_is_a_name_that_cannot_be_found_now(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(OSError, match="no thread can be started"):
        await SharedLookup("any.example", 443).find()


async def test_one_slow_name_holds_up_no_other(names: Names) -> None:
    waiting = [look_up(f"{number}.example", 443) for number in range(40)]
    names.answer(after=40)
    assert len(await asyncio.gather(*waiting)) == 40


def test_a_look_up_that_hangs_does_not_hold_up_the_end(names: Names) -> None:
    """Neither the loop's nor the process's: its thread is nobody's to wait for."""

    async def give_up() -> None:
        answer = look_up("dead.example", 443)
        await asyncio.wait([answer], timeout=0)

    asyncio.run(give_up())
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "limi-lookup"]
    assert thread.daemon
    names.answer()
    thread.join(30)
