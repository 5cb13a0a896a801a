"""What one connection makes of the bytes that come, whatever they are (RFC 9112)."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.adapters.upstream.connection import Connection, StaleConnectionError
from limi.adapters.upstream.transports import Answer, TransportError

LIMIT = 1000
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


class Wire(asyncio.Transport):
    """The other end of a connection, in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.cut = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.cut = True

    def is_closing(self) -> bool:
        return self.cut


def connected() -> tuple[Connection, Wire]:
    connection, wire = Connection(max_bytes=LIMIT), Wire()
    connection.connection_made(wire)
    return connection, wire


def ask(connection: Connection, seconds: float = 5.0) -> asyncio.Future[Answer]:
    return connection.ask(b"GET / HTTP/1.1\r\n\r\n", deadline=asyncio.get_running_loop().time() + seconds)


async def test_the_request_goes_out_as_it_is_and_the_answer_comes_back() -> None:
    connection, wire = connected()
    answer = ask(connection)
    assert wire.written == b"GET / HTTP/1.1\r\n\r\n"
    assert not connection.is_usable
    connection.data_received(OK)
    assert await answer == Answer(200, b"hello", {})
    assert connection.is_usable


@pytest.mark.parametrize("size", [1, 2, 7, 40])
async def test_it_does_not_matter_how_the_bytes_are_cut(size: int) -> None:
    connection, _ = connected()
    answer = ask(connection)
    head = b"HTTP/1.1 201 Made\r\nRetry-After: 3\r\ntransfer-encoding: chunked\r\n\r\n"
    whole = head + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    for start in range(0, len(whole), size):
        assert not answer.done()
        connection.data_received(whole[start : start + size])
    assert await answer == Answer(201, b"hello", {"retry-after": "3"})


async def test_interim_answers_are_passed_over() -> None:
    connection, _ = connected()
    answer = ask(connection)
    connection.data_received(
        b"HTTP/1.1 103 Early Hints\r\nretry-after: 9\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK
    )
    assert await answer == Answer(200, b"hello", {})


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    connection, _ = connected()
    answer = ask(connection)
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nhel")
    connection.data_received(b"lo")
    assert not answer.done()
    connection.connection_lost(None)
    assert (await answer).body == b"hello"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel", "ended before the answer did"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "ended before the answer did"),
        (b"HTTP/1.1 200 OK\r\nconte", "ended before the answer did"),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000, "head of more than 65536 bytes"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n" + b"x" * 1001, "more than 1000 bytes"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;" + b"x" * 70_000, "more than 1000 bytes"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + b"x: y\r\n" * 12_000,
            "more than 1000 bytes",
        ),
    ],
)
async def test_an_answer_that_is_not_whole_is_none(sent: bytes, reason: str) -> None:
    connection, wire = connected()
    answer = ask(connection)
    connection.data_received(sent)
    if not answer.done():
        connection.connection_lost(None)
    with pytest.raises(TransportError, match=reason) as caught:
        await answer
    assert not isinstance(caught.value, StaleConnectionError)
    assert not connection.is_usable or wire.cut


async def test_an_end_before_the_first_byte_is_told_apart() -> None:
    connection, _ = connected()
    answer = ask(connection)
    connection.connection_lost(ConnectionResetError())
    with pytest.raises(StaleConnectionError):
        await answer


async def test_what_nobody_asked_for_ends_the_connection() -> None:
    """Bytes before a request could otherwise be read as its answer: another caller's key."""
    connection, wire = connected()
    connection.data_received(OK)
    assert wire.cut
    assert not connection.is_usable


async def test_a_second_answer_to_one_request_is_nobodys() -> None:
    connection, wire = connected()
    answer = ask(connection)
    connection.data_received(OK + OK.replace(b"hello", b"other"))
    assert (await answer).body == b"hello"
    assert wire.cut


async def test_the_time_is_up_at_the_deadline() -> None:
    connection, wire = connected()
    answer = ask(connection, seconds=0.01)
    with pytest.raises(TransportError, match="no whole answer in time") as caught:
        await answer
    assert caught.value.timed_out
    assert wire.cut


async def test_an_answer_in_time_ends_no_later_exchange_and_its_own_time_counts() -> None:
    connection, wire = connected()
    answer = ask(connection, seconds=0.01)
    connection.data_received(OK)
    await answer
    later, began = ask(connection, seconds=0.05), asyncio.get_running_loop().time()
    with pytest.raises(TransportError, match="no whole answer in time"):
        await later
    assert asyncio.get_running_loop().time() - began >= 0.04
    assert wire.cut


async def test_the_end_of_a_time_is_nothing_to_a_connection_that_lies_idle() -> None:
    connection, wire = connected()
    loop = asyncio.get_running_loop()
    answer, up = ask(connection, seconds=0.01), loop.create_future()
    connection.data_received(OK)
    loop.call_at(loop.time() + 0.02, up.set_result, None)
    await up
    assert (await answer).body == b"hello"
    assert connection.is_usable
    assert not wire.cut


async def test_nothing_holds_a_connection_that_has_ended() -> None:
    connection, _ = connected()
    answer = ask(connection, seconds=60)
    connection.data_received(b"HTTP/1.1 204 No Content\r\n\r\n")
    await answer
    connection.connection_lost(None)
    ended = weakref.ref(connection)
    del connection, answer
    gc.collect()
    assert ended() is None


def raised(outcome: Callable[[], Any]) -> bool:
    try:
        outcome()
    except Exception:  # noqa: BLE001 - the test asks for any
        return True
    return False


@given(st.lists(st.binary(max_size=40), max_size=5), st.booleans())
def test_no_bytes_make_the_protocol_raise(pieces: list[bytes], starts_well: bool) -> None:  # noqa: FBT001
    async def feed() -> None:
        connection, _ = connected()
        answer = ask(connection)
        for piece in [b"HTTP/1.1 200 OK\r\n"] * starts_well + pieces:
            assert not raised(lambda piece=piece: connection.data_received(piece))  # type: ignore[misc]
        connection.connection_lost(None)
        assert answer.done()
        answer.exception()

    asyncio.run(feed())
