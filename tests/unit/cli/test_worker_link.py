"""A worker tells its supervisor what it counts, and ends when that says so or is gone."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from limi.adapters.telemetry.totals import gauge
from limi.cli.worker_link import WorkerLink, adopt_sockets, sockets_argument
from limi.cli.worker_messages import Channel, Counted, FromWorker, Gather, Ready, Retire, Tell, Total

_OWN = (gauge("limi_own", "Its own.", 1),)
_ALL = (gauge("limi_own", "Everybody's.", 3),)


class Pair:
    """A link, and its supervisor in the test's hand."""

    def __init__(self, supervisor: Channel[FromWorker], link: WorkerLink) -> None:
        self.supervisor = supervisor
        self.link = link
        self.stopped: asyncio.Queue[bool] = asyncio.Queue()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    one, other = socket.socketpair()
    pair = Pair(await Channel.of_supervisor(one), WorkerLink(control=other))
    pair.link.attach(snapshot=lambda: _OWN, facts={"version": "1"})
    await pair.link.begin("http://localhost:1", pair.stopped.put_nowait)
    yield pair
    await pair.link.end()
    await pair.supervisor.close()


async def test_it_says_first_that_it_answers_and_where(pair: Pair) -> None:
    assert await pair.supervisor.receive() == Ready({"url": "http://localhost:1", "version": "1"})


async def test_it_tells_what_it_has_counted_when_asked_and_at_its_end(pair: Pair) -> None:
    await pair.supervisor.receive()
    pair.supervisor.send(Tell())
    assert await pair.supervisor.receive() == Counted(_OWN)
    await pair.link.end()
    assert await pair.supervisor.receive() == Counted(_OWN)
    assert await pair.supervisor.receive() is None


async def test_it_asks_for_what_all_have_counted(pair: Pair) -> None:
    await pair.supervisor.receive()
    asked = asyncio.create_task(pair.link.gather(_OWN))
    assert await pair.supervisor.receive() == Gather(_OWN)
    pair.supervisor.send(Total(_ALL))
    assert await asked == _ALL


async def test_two_who_ask_are_answered_one_after_the_other(pair: Pair) -> None:
    await pair.supervisor.receive()
    asked = [asyncio.create_task(pair.link.gather(_OWN)) for _ in range(2)]
    for _ in asked:
        assert await pair.supervisor.receive() == Gather(_OWN)
        pair.supervisor.send(Total(_ALL))
    assert await asyncio.gather(*asked) == [_ALL, _ALL]


async def test_an_answer_that_nobody_waits_for_is_dropped(pair: Pair) -> None:
    pair.supervisor.send(Total(_ALL))
    pair.supervisor.send(Retire())
    assert await pair.stopped.get() is True


async def test_retired_it_stops_because_others_go_on(pair: Pair) -> None:
    pair.supervisor.send(Retire())
    assert await pair.stopped.get() is True


async def test_without_a_supervisor_it_stops_for_good(pair: Pair) -> None:
    """Nobody would restart it, or end it with the server it belonged to."""
    await pair.supervisor.close()
    assert await pair.stopped.get() is False


async def test_before_it_begins_it_counts_alone_and_may_end() -> None:
    one, other = socket.socketpair()
    with one, other:
        link = WorkerLink(control=other)
        assert await link.gather(_OWN) == _OWN
        await link.end()


def test_sockets_are_named_by_number_and_found_again() -> None:
    listener, (one, other) = socket.create_server(("127.0.0.1", 0)), socket.socketpair()
    place, argument = listener.getsockname(), sockets_argument(listener, one)
    for inherited in (listener, one):
        inherited.detach()
    adopted, control = adopt_sockets(argument)
    with other, adopted, control:
        assert adopted.getsockname() == place
        control.send(b"x")
        assert other.recv(1) == b"x"


@pytest.mark.parametrize("argument", ["", "a,b", "1", "990,991", "-1,-2"])
def test_what_names_no_sockets_is_refused(argument: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        adopt_sockets(argument)
