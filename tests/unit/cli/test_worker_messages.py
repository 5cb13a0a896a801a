"""Supervisor and worker understand each other, and each learns of the other's end."""

import socket
from collections.abc import AsyncIterator

import pytest

from limi.adapters.telemetry.totals import gauge
from limi.cli.worker_messages import (
    Channel,
    Counted,
    FromSupervisor,
    FromWorker,
    Gather,
    Ready,
    Retire,
    Tell,
    Total,
)

_COUNTED = (gauge("limi_workers", "Processes.", float("inf")),)
_Pair = tuple[Channel[FromWorker], Channel[FromSupervisor]]


@pytest.fixture
async def pair() -> AsyncIterator[_Pair]:
    one, other = socket.socketpair()
    supervisor, worker = await Channel.of_supervisor(one), await Channel.of_worker(other)
    yield supervisor, worker
    await supervisor.close()
    await worker.close()


@pytest.mark.parametrize("message", [Ready({"url": "http://x"}), Counted(_COUNTED), Gather(_COUNTED * 2000)])
async def test_what_a_worker_says_arrives(pair: _Pair, message: FromWorker) -> None:
    supervisor, worker = pair
    worker.send(message)
    assert await supervisor.receive() == message


@pytest.mark.parametrize("message", [Tell(), Total(_COUNTED), Retire()])
async def test_what_the_supervisor_says_arrives(pair: _Pair, message: FromSupervisor) -> None:
    supervisor, worker = pair
    supervisor.send(message)
    assert await worker.receive() == message


async def test_messages_keep_their_order(pair: _Pair) -> None:
    supervisor, worker = pair
    for message in (Tell(), Retire(), Tell()):
        supervisor.send(message)
    assert [await worker.receive() for _ in range(3)] == [Tell(), Retire(), Tell()]


async def test_the_last_word_arrives_before_the_end(pair: _Pair) -> None:
    supervisor, worker = pair
    worker.send(Counted(_COUNTED))
    await worker.close()
    assert await supervisor.receive() == Counted(_COUNTED)
    assert await supervisor.receive() is None


async def test_an_end_in_the_middle_of_a_message_is_an_end() -> None:
    one, other = socket.socketpair()
    supervisor = await Channel.of_supervisor(one)
    other.send(b"\0\0\0\x09half")
    other.close()
    assert await supervisor.receive() is None
    await supervisor.close()


async def test_a_message_that_is_too_long_is_not_waited_for() -> None:
    one, other = socket.socketpair()
    supervisor = await Channel.of_supervisor(one)
    other.send(b"\xff\xff\xff\xff")
    assert await supervisor.receive() is None
    await supervisor.close()
    other.close()


async def test_speaking_to_one_who_is_gone_is_no_error(pair: _Pair) -> None:
    supervisor, worker = pair
    await worker.close()
    assert await supervisor.receive() is None
    supervisor.send(Tell())
    await supervisor.close()
    supervisor.send(Tell())
