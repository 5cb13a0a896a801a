"""Responses in one piece: the same bytes as uvicorn's, and the same end."""

import asyncio
import logging
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from limi.cli.whole_response import answering_whole
from limi.http.asgi import Header, Message, Receive, Scope, Send


class _Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


class _Answered:
    """One request's cycle, and what came of it."""

    def __init__(self, *, method: str = "GET", keep_alive: bool = True) -> None:
        self.transport = _Transport()
        self.ends = 0
        transport = cast("asyncio.Transport", self.transport)
        self.cycle = RequestResponseCycle(
            scope=cast("Any", {"type": "http", "method": method, "headers": []}),
            transport=transport,
            flow=FlowControl(transport),
            logger=logging.getLogger("test"),
            access_logger=logging.getLogger("test"),
            access_log=False,
            default_headers=[(b"date", b"Sat, 21 Nov 2026 18:00:00 GMT")],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=keep_alive,
            on_response=self._end,
        )

    def _end(self) -> None:
        self.ends += 1

    @property
    def outcome(self) -> tuple[bytes, bool, int, bool, bool]:
        cycle = self.cycle
        written = b"".join(self.transport.writes)
        return written, self.transport.is_closed, self.ends, cycle.response_complete, cycle.message_event.is_set()


def _messages(headers: list[Header], *bodies: bytes, status: int = 200) -> list[Message]:
    parts: list[Message] = [{"type": "http.response.body", "body": body, "more_body": True} for body in bodies]
    parts[-1]["more_body"] = False
    return [{"type": "http.response.start", "status": status, "headers": headers}, *parts]


_LENGTH: Header = (b"content-length", b"5")
_RESPONSES = {
    "whole": (_messages([_LENGTH, (b"X-Name", b"value")], b"hello"), {}),
    "a header twice": (_messages([(b"a", b"1"), (b"a", b"2"), _LENGTH], b"hello"), {}),
    "headers that are lists": (_messages([_LENGTH, cast("Header", [b"a", b"1"])], b"hello"), {}),
    "an empty body": (_messages([(b"content-length", b"0")], b"", status=404), {}),
    "no length": (_messages([(b"a", b"1")], b"hello"), {}),
    "in parts": (_messages([_LENGTH], b"he", b"llo"), {}),
    "closing by the application": (_messages([_LENGTH, (b"connection", b"close")], b"hello"), {}),
    "closing by the client": (_messages([_LENGTH], b"hello"), {"keep_alive": False}),
    "to HEAD": (_messages([_LENGTH], b""), {"method": "HEAD"}),
    "without a body": (_messages([(b"a", b"1")], b"", status=204), {}),
    "not modified": (_messages([_LENGTH], b"", status=304), {"method": "HEAD"}),
    "chunked by the application": (_messages([(b"transfer-encoding", b"chunked")], b"hello"), {}),
}


@pytest.mark.parametrize(("messages", "request_"), _RESPONSES.values(), ids=_RESPONSES)
async def test_the_bytes_and_the_end_are_those_of_uvicorn(
    messages: list[Message], request_: dict[str, Any]
) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(dict(message))

    own, uvicorns = _Answered(**request_), _Answered(**request_)
    await own.cycle.run_asgi(cast("Any", answering_whole(app, own.cycle)))
    await uvicorns.cycle.run_asgi(cast("Any", app))
    assert own.outcome == uvicorns.outcome


async def test_a_whole_response_is_one_write() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in _messages([_LENGTH], b"hello"):
            await send(message)

    answered = _Answered()
    await answered.cycle.run_asgi(cast("Any", answering_whole(app, answered.cycle)))
    assert len(answered.transport.writes) == 1


async def test_ids_that_never_come_again_leave_each_response_its_own() -> None:
    """More of them than lines are remembered."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        for message in _messages([(b"x-request-id", scope["id"]), _LENGTH], b"hello"):
            await send(message)

    for number in range(1100):
        answered = _Answered()
        cast("Scope", answered.cycle.scope)["id"] = b"%d" % number
        await answered.cycle.run_asgi(cast("Any", answering_whole(app, answered.cycle)))
        assert b"\r\nx-request-id: %d\r\n" % number in answered.transport.writes[0]
        assert b"\r\ndate: Sat, 21 Nov 2026 18:00:00 GMT\r\n" in answered.transport.writes[0]


@pytest.mark.parametrize("header", [(b"a b", b"1"), (b"a", b"1\r\nb: 2"), (b"a", b"\x00")])
async def test_a_header_that_would_break_out_of_its_line_is_a_bug_and_no_response(
    header: Header, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in _messages([header, _LENGTH], b"hello"):
            await send(message)

    answered = _Answered()
    await answered.cycle.run_asgi(cast("Any", answering_whole(app, answered.cycle)))
    assert b"".join(answered.transport.writes).startswith(b"HTTP/1.1 500 ")
    assert "Exception in ASGI application" in caplog.text


async def test_the_head_waits_for_the_body_and_a_crash_between_them_is_a_500() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(_messages([_LENGTH], b"hello")[0])
        raise RuntimeError

    answered = _Answered()
    await answered.cycle.run_asgi(cast("Any", answering_whole(app, answered.cycle)))
    assert b"".join(answered.transport.writes).startswith(b"HTTP/1.1 500 ")


async def test_nothing_is_written_to_a_client_that_has_gone() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        answered.cycle.disconnected = True
        for message in _messages([_LENGTH], b"hello"):
            await send(message)

    answered = _Answered()
    await answered.cycle.run_asgi(cast("Any", answering_whole(app, answered.cycle)))
    assert answered.transport.writes == []


async def test_a_wrong_length_is_the_error_that_uvicorn_makes_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in _messages([(b"content-length", b"4")], b"hello"):
            await send(message)

    answered = _Answered()
    await answered.cycle.run_asgi(cast("Any", answering_whole(app, answered.cycle)))
    assert answered.transport.is_closed
    assert "Response content longer than Content-Length" in caplog.text
