"""What a connection makes of the bytes that come back, whatever they are."""

import asyncio
from typing import Any

import pytest

from limi.adapters.webhooks.connection import (
    ConnectionFailedError,
    Head,
    ReceiverConnection,
    StaleConnectionError,
)


class FakeTransport(asyncio.Transport):
    """Keeps what is written; ends when it is told to, at once."""

    def __init__(self, connection: ReceiverConnection) -> None:
        super().__init__()
        self._connection = connection
        self.written: list[Any] = []
        self.aborted = False

    def write(self, data: Any) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        if not self.aborted:
            self.aborted = True
            self._connection.connection_lost(None)


@pytest.fixture
async def line() -> tuple[ReceiverConnection, FakeTransport]:
    connection = ReceiverConnection()
    transport = FakeTransport(connection)
    connection.connection_made(transport)
    return connection, transport


Line = tuple[ReceiverConnection, FakeTransport]


async def head_of(line: Line, *pieces: bytes) -> Head:
    connection, _ = line
    head = connection.ask(b"POST / HTTP/1.1\r\n\r\n")
    for piece in pieces:
        connection.data_received(piece)
    return await head


async def test_the_head_is_the_answer_and_the_connection_is_kept_when_the_body_is_there(line: Line) -> None:
    connection, transport = line
    head = await head_of(line, b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n")
    assert (head.status, head.retry_after) == (503, "7")
    usable = [connection.is_usable]
    connection.data_received(b"ok")
    await connection.drain()
    usable.append(connection.is_usable)
    assert usable == [False, True]
    assert not transport.aborted


async def test_bytes_may_come_one_by_one(line: Line) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    head = await head_of(line, *(bytes([byte]) for byte in answer))
    assert head.status == 200
    assert line[0].is_usable


async def test_interim_answers_are_passed_over(line: Line) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nretry-after: 99\r\n\r\n"
    head = await head_of(line, hints, b"HTTP/1.1 204 No Content\r\n\r\n")
    assert head.status == 204


async def test_interim_answers_without_end_are_cut_off(line: Line) -> None:
    with pytest.raises(ConnectionFailedError):
        await head_of(line, *([b"HTTP/1.1 103 Early Hints\r\nx: " + b"y" * 1000 + b"\r\n\r\n"] * 100))
    assert line[1].aborted


async def test_a_body_without_end_is_cut_off_and_the_head_stands(line: Line) -> None:
    connection, transport = line
    head = await head_of(line, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(10):
        connection.data_received(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
    await connection.drain()
    assert head.status == 200
    assert transport.aborted
    assert not connection.is_usable


async def test_a_body_that_breaks_off_leaves_the_head(line: Line) -> None:
    connection, transport = line
    head = await head_of(line, b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
    transport.abort()
    await connection.drain()
    assert head.status == 200


async def test_a_body_that_is_ended_by_the_end_of_the_connection_is_fine(line: Line) -> None:
    connection, transport = line
    head = await head_of(line, b"HTTP/1.1 200 OK\r\n\r\nsome")
    transport.abort()
    await connection.drain()
    assert head.status == 200
    assert not connection.is_usable


@pytest.mark.parametrize(
    "babble", [b"220 mail.example ESMTP\r\n", b"\x16\x03\x01", b"HTTP/1.1 two hundred\r\n\r\n"]
)
async def test_what_is_no_http_is_no_answer(line: Line, babble: bytes) -> None:
    with pytest.raises(ConnectionFailedError) as raised:
        await head_of(line, babble)
    assert not isinstance(raised.value, StaleConnectionError)
    assert line[1].aborted


async def test_an_upgrade_is_no_answer(line: Line) -> None:
    with pytest.raises(ConnectionFailedError):
        await head_of(line, b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")


async def test_an_end_before_the_first_byte_is_told_from_one_after(line: Line) -> None:
    connection, transport = line
    head = connection.ask(b"x")
    transport.abort()
    with pytest.raises(StaleConnectionError):
        await head
    await connection.closed


async def test_an_end_within_the_head_is_a_broken_answer(line: Line) -> None:
    connection, transport = line
    head = connection.ask(b"x")
    connection.data_received(b"HTTP/1.1 200 OK\r\n")
    transport.abort()
    with pytest.raises(ConnectionFailedError) as raised:
        await head
    assert not isinstance(raised.value, StaleConnectionError)


async def test_what_nobody_asked_for_ends_the_connection(line: Line) -> None:
    connection, transport = line
    connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    assert transport.aborted
    assert not connection.is_usable


async def test_a_second_answer_to_one_request_ends_the_connection(line: Line) -> None:
    one = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    connection, transport = line
    head = await head_of(line, one + one)
    assert head.status == 200
    assert transport.aborted
    assert not connection.is_usable


async def test_a_receiver_that_wants_to_end_it_is_not_asked_again(line: Line) -> None:
    connection, transport = line
    await head_of(line, b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    assert transport.aborted
    assert not connection.is_usable


async def test_a_header_that_is_no_text_tells_nothing(line: Line) -> None:
    head = await head_of(line, b"HTTP/1.1 429 X\r\nretry-after: \xff\r\ncontent-length: 0\r\n\r\n")
    assert head.retry_after is None
