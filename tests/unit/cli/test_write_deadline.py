"""Clients that do not take what they are sent."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from structlog.testing import capture_logs

from limi.cli.connection_limits import ConnectionLimits
from limi.cli.write_deadline import WriteDeadline
from tests.unit.cli.connecting import serving

MUCH = b"GET /much HTTP/1.1\r\nhost: limi\r\n\r\n"
LITTLE = b"GET / HTTP/1.1\r\nhost: limi\r\n\r\n"
IMPATIENT = ConnectionLimits(head_bytes=1000, head_seconds=60, connections=9, write_seconds=0.2)


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_a_client_that_never_takes_its_answer_is_let_go(version: bytes) -> None:
    """uvicorn would hold answer and connection for as long as the client likes."""
    async with serving(IMPATIENT) as connect:
        client = await connect()
        client.stop_reading()
        with capture_logs() as logs:
            client.writer.write(MUCH.replace(b"1.1", version))
            await connect.until_served()
            await connect.until_empty()
    assert [line["event"] for line in logs] == ["connection.cut"]


async def test_a_client_that_asks_and_asks_and_takes_nothing_is_let_go() -> None:
    async with serving(IMPATIENT) as connect:
        client = await connect()
        client.stop_reading()
        client.writer.write(MUCH + LITTLE * 20)
        await connect.until_served()
        await connect.until_empty()


class _Buffer(asyncio.Transport):
    """What waits to be taken by a client."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left
        self.cut = False

    def get_write_buffer_size(self) -> int:
        return self.left

    def abort(self) -> None:
        self.cut = True


class _Timer:
    """A loop that has one timer, which runs out when the test says so."""

    def __init__(self) -> None:
        self._due: list[Callable[[], None]] = []

    def get_debug(self) -> bool:
        return False

    def call_later(self, _seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        self._due.append(call)
        return asyncio.TimerHandle(0, call, (), cast("asyncio.AbstractEventLoop", self))

    def run_out(self) -> None:
        (call,) = self._due
        self._due.clear()
        call()


def test_a_client_that_takes_its_answer_slowly_but_steadily_gets_it_all() -> None:
    buffer, timer = _Buffer(300_000), _Timer()
    deadline = WriteDeadline(buffer, seconds=30, loop=cast("asyncio.AbstractEventLoop", timer))
    deadline.begin()
    while buffer.left:
        buffer.left -= 50_000
        timer.run_out()
    assert not buffer.cut


def test_a_client_that_takes_hardly_anything_is_let_go() -> None:
    buffer, timer = _Buffer(300_000), _Timer()
    deadline = WriteDeadline(buffer, seconds=30, loop=cast("asyncio.AbstractEventLoop", timer))
    deadline.begin()
    buffer.left -= 40_000
    timer.run_out()
    assert buffer.cut


async def test_the_next_answer_of_a_connection_has_its_own_time() -> None:
    async with serving(IMPATIENT) as connect:
        client = await connect()
        for _ in range(8):
            assert (await client.ask(LITTLE)).endswith(b"<0>")
            await asyncio.sleep(0.05)
