"""What an application may send and receive, and what becomes of one that does not answer."""

import asyncio
from typing import Any, cast

import pytest
from structlog.testing import capture_logs
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl

from limi.cli.exchange import Exchange
from limi.http.asgi import WHOLE_BODY, Header, Message, Receive, Scope, Send

HEAD: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}
BODY: Message = {"type": "http.response.body", "body": b"hello"}
PART: Message = {"type": "http.response.body", "body": b"hel", "more_body": True}


class _Transport:
    """Keeps what is written, and whether more is read."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_closed = False
        self.reads = True

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


class _Wire:
    """A connection that notes what it is told."""

    def __init__(self) -> None:
        self.sent = _Transport()
        self.transport = cast("asyncio.Transport", self.sent)
        self.flow = FlowControl(self.transport)
        self.default_headers: list[Header] = []
        self.told: list[str] = []

    def answered(self, _exchange: Exchange) -> None:
        self.told.append("answered")

    def fail(self) -> None:
        self.told.append("failed")

    def ended(self, _exchange: Exchange) -> None:
        self.told.append("ended")


def _exchange(
    wire: _Wire, *, method: str = "GET", keep_alive: bool = True, expects_continue: bool = False
) -> Exchange:
    headers = [(b"expect", b"100-Continue")] if expects_continue else []
    scope: Scope = {"type": "http", "method": method, "http_version": "1.1", "path": "/", "headers": headers}
    return Exchange(wire, scope, keep_alive=keep_alive)


async def _answering(*messages: Message) -> tuple[_Wire, Exchange, list[Any]]:
    """Run an application that sends `messages`, and return also what was logged."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(dict(message))

    wire = _Wire()
    exchange = _exchange(wire)
    with capture_logs() as logs:
        await exchange.run(app)
    return wire, exchange, logs


async def test_a_whole_response_is_one_write() -> None:
    wire, exchange, logs = await _answering(HEAD, BODY)
    assert wire.sent.writes == [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"]
    assert (wire.told, exchange.complete, logs) == (["answered", "ended"], True, [])


async def test_a_whole_response_may_be_given_without_messages() -> None:
    exchange = _exchange(wire := _Wire(), expects_continue=True)
    exchange.take_end()
    assert exchange.whole(200, [(b"content-length", b"5")], b"hello")
    assert wire.sent.writes == [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"]
    assert (wire.told, exchange.complete) == (["answered"], True)


@pytest.mark.parametrize(
    ("request_", "meanwhile"),
    [
        pytest.param({"method": "HEAD"}, "nothing", id="to HEAD"),
        pytest.param({"keep_alive": False}, "nothing", id="closing"),
        pytest.param({}, "pause_writing", id="the client has yet to take what was written"),
        pytest.param({}, "disconnect", id="the client has gone"),
        pytest.param({}, "answer", id="the answer has begun"),
    ],
)
async def test_what_takes_more_than_one_write_goes_by_messages(request_: dict[str, Any], meanwhile: str) -> None:
    exchange = _exchange(wire := _Wire(), **request_)
    match meanwhile:
        case "pause_writing":
            wire.flow.pause_writing()
        case "disconnect":
            exchange.disconnect()
        case "answer":
            await exchange(dict(HEAD))
    assert not exchange.whole(200, [(b"content-length", b"5")], b"hello")
    assert (wire.sent.writes, exchange.complete) == ([], False)


async def test_a_response_in_parts_leaves_part_by_part() -> None:
    wire, _, _ = await _answering(HEAD, PART, {**BODY, "body": b"lo"})
    assert wire.sent.writes == [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel", b"lo"]
    assert wire.told == ["answered", "ended"]


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([], id="says nothing"),
        pytest.param([HEAD], id="sends a head alone"),
        pytest.param([BODY], id="begins with the body"),
        pytest.param([HEAD, HEAD], id="sends two heads"),
        pytest.param([HEAD, {**BODY, "body": b"hello!"}], id="says a wrong length"),
        pytest.param([{**HEAD, "headers": [(b"a", b"1\r\n")]}, BODY], id="breaks out of a line"),
        pytest.param([{"type": "http.response.trailers"}], id="sends what is unknown"),
    ],
)
async def test_an_application_that_does_not_answer_is_answered_for(messages: list[Message]) -> None:
    wire, exchange, logs = await _answering(*messages)
    assert (wire.told, wire.sent.writes, exchange.started) == (["failed", "ended"], [], False)
    assert [line["log_level"] for line in logs] == ["error"]


@pytest.mark.parametrize("rest", [[], [{**BODY, "body": b"l"}]], ids=["stops", "ends too early"])
async def test_an_answer_that_breaks_off_ends_its_connection(rest: list[Message]) -> None:
    """What follows the part that was written could be taken for the rest of it."""
    wire, _, logs = await _answering(HEAD, PART, *rest)
    assert wire.sent.is_closed
    assert wire.told == ["ended"]
    assert len(logs) == 1


async def test_what_comes_after_the_answer_is_a_bug_that_the_client_does_not_see() -> None:
    wire, _, logs = await _answering(HEAD, BODY, BODY)
    assert (wire.told, len(wire.sent.writes)) == (["answered", "ended"], 1)
    assert [line["event"] for line in logs] == ["request.crashed"]


async def test_nothing_is_written_to_a_client_that_has_gone() -> None:
    wire = _Wire()
    exchange = _exchange(wire)

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        exchange.disconnect()
        assert (await receive())["type"] == "http.disconnect"
        await send(dict(HEAD))
        await send(dict(BODY))

    await exchange.run(app)
    assert (wire.sent.writes, wire.told) == ([], ["ended"])


async def test_a_request_that_is_cancelled_is_answered_and_stays_cancelled() -> None:
    wire = _Wire()
    exchange = _exchange(wire)
    started = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(exchange.run(app))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wire.told == ["failed", "ended"]


async def test_the_body_comes_as_it_arrives_and_its_end_is_told() -> None:
    exchange = _exchange(_Wire())
    waiting = asyncio.ensure_future(exchange.receive())
    await asyncio.sleep(0)
    exchange.take(b"he")
    assert await waiting == {"type": "http.request", "body": b"he", "more_body": True}
    exchange.take(b"l")
    exchange.take(b"lo")
    exchange.take_end()
    assert await exchange.receive() == {"type": "http.request", "body": b"llo", "more_body": False}


async def test_a_body_that_is_there_before_anyone_asks_is_left_in_the_scope_and_comes_all_the_same() -> None:
    exchange = _exchange(_Wire())
    exchange.take(b"he")
    assert WHOLE_BODY not in exchange.scope
    exchange.take(b"llo")
    exchange.take_end()
    assert exchange.scope[WHOLE_BODY] == b"hello"
    assert await exchange.receive() == {"type": "http.request", "body": b"hello", "more_body": False}


async def test_a_body_of_which_a_part_was_taken_is_not_left_in_the_scope() -> None:
    exchange = _exchange(_Wire())
    exchange.take(b"he")
    await exchange.receive()
    exchange.take(b"llo")
    exchange.take_end()
    assert WHOLE_BODY not in exchange.scope


async def test_of_a_client_that_has_gone_no_body_is_left_for_which_something_could_be_done() -> None:
    exchange = _exchange(_Wire())
    exchange.take(b"hello")
    exchange.take_end()
    exchange.disconnect()
    assert WHOLE_BODY not in exchange.scope
    assert await exchange.receive() == {"type": "http.disconnect"}


async def test_whoever_asks_for_more_than_the_body_waits_for_the_clients_end() -> None:
    exchange = _exchange(_Wire())
    exchange.take_end()
    await exchange.receive()
    waiting = asyncio.ensure_future(exchange.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    exchange.disconnect()
    assert await waiting == {"type": "http.disconnect"}


async def test_whoever_asks_after_the_answer_is_told_that_it_is_over() -> None:
    wire = _Wire()
    exchange = _exchange(wire)
    exchange.take_end()
    await exchange.receive()
    waiting = asyncio.ensure_future(exchange.receive())
    await asyncio.sleep(0)
    await exchange(dict(HEAD))
    await exchange(dict(BODY))
    assert await waiting == {"type": "http.disconnect"}


async def test_no_more_is_read_than_the_application_takes() -> None:
    wire = _Wire()
    exchange = _exchange(wire)
    exchange.take(b"a" * HIGH_WATER_LIMIT)
    assert wire.sent.reads
    exchange.take(b"a")
    assert wire.flow.read_paused
    assert len((await exchange.receive())["body"]) == HIGH_WATER_LIMIT + 1
    waiting = asyncio.ensure_future(exchange.receive())
    await asyncio.sleep(0)
    assert wire.sent.reads
    waiting.cancel()


async def test_a_body_that_nobody_wants_any_more_is_not_kept() -> None:
    wire, exchange, _ = await _answering(HEAD, BODY)
    exchange.take(b"a" * 2 * HIGH_WATER_LIMIT)
    assert wire.sent.reads


async def test_a_part_waits_until_the_client_has_taken_those_before() -> None:
    wire = _Wire()
    exchange = _exchange(wire)
    await exchange(dict(HEAD))
    wire.flow.pause_writing()
    sending = asyncio.ensure_future(exchange(dict(BODY)))
    await asyncio.sleep(0)
    assert wire.sent.writes == []
    wire.flow.resume_writing()
    await sending
    assert len(wire.sent.writes) == 1


async def test_the_body_is_asked_for_once_and_not_when_the_answer_has_begun() -> None:
    wire = _Wire()
    exchange = _exchange(wire, expects_continue=True)
    exchange.take_end()
    for _ in range(2):
        asking = asyncio.ensure_future(exchange.receive())
        await asyncio.sleep(0)
        asking.cancel()
    assert wire.sent.writes == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    late = _exchange(other := _Wire(), expects_continue=True)
    await late(dict(HEAD))
    await late(dict(PART))
    late.take_end()
    await late.receive()
    assert len(other.sent.writes) == 1
