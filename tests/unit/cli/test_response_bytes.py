"""Responses as bytes: the same as uvicorn's, which millions of clients have read."""

import asyncio
import logging
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from limi.cli.response_bytes import Framing, frame, head_bytes, refusal_bytes, whole_response
from limi.http.asgi import Header, Message
from limi.http.errors import Refusal

DATE: list[Header] = [(b"date", b"Sat, 21 Nov 2026 18:00:00 GMT")]
LENGTH: Header = (b"content-length", b"5")


class _Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


async def _uvicorns(head: Message, bodies: list[bytes], *, method: str, keep_alive: bool) -> tuple[bytes, bool]:
    transport = _Transport()
    cycle = RequestResponseCycle(
        scope=cast("Any", {"type": "http", "method": method, "headers": []}),
        transport=cast("asyncio.Transport", transport),
        flow=FlowControl(cast("asyncio.Transport", transport)),
        logger=logging.getLogger("test"),
        access_logger=logging.getLogger("test"),
        access_log=False,
        default_headers=DATE,
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )
    await cycle.send(cast("Any", dict(head)))
    for number, body in enumerate(bodies, 1):
        more = number < len(bodies)
        await cycle.send({"type": "http.response.body", "body": body, "more_body": more})
    return transport.written, transport.is_closed


def _whole(head: Message, body: bytes = b"hello", *, method: str = "GET") -> bytes | None:
    return whole_response(head["status"], head["headers"], DATE, body, method=method)


def _head(*headers: Header, status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


_RESPONSES: dict[str, tuple[Message, list[bytes], dict[str, Any]]] = {
    "whole": (_head(LENGTH, (b"X-Name", b"value")), [b"hello"], {}),
    "a header twice": (_head((b"a", b"1"), (b"a", b"2"), LENGTH), [b"hello"], {}),
    "headers that are lists": (_head(LENGTH, cast("Header", [b"a", b"1"])), [b"hello"], {}),
    "an empty body": (_head((b"content-length", b"0"), status=404), [b""], {}),
    "a status of its own": (_head((b"content-length", b"0"), status=599), [b""], {}),
    "no length": (_head((b"a", b"1")), [b"hello"], {}),
    "in parts": (_head(LENGTH), [b"he", b"llo"], {}),
    "in chunks": (_head(), [b"he", b"", b"llo"], {}),
    "closing by the application": (_head(LENGTH, (b"connection", b"a, Close")), [b"hello"], {}),
    "another connection header": (_head(LENGTH, (b"connection", b"keep-alive")), [b"hello"], {}),
    "closing by the client": (_head(LENGTH), [b"hello"], {"keep_alive": False}),
    "to HEAD": (_head(LENGTH), [b""], {"method": "HEAD"}),
    "to HEAD, without a length": (_head(), [b"hello"], {"method": "HEAD"}),
    "without a body": (_head((b"a", b"1"), status=204), [b""], {}),
    "not modified": (_head(LENGTH, status=304), [b""], {"method": "HEAD"}),
    "chunked by the application": (_head((b"transfer-encoding", b"chunked")), [b"hello"], {}),
}


@pytest.mark.parametrize(("head", "bodies", "request_"), _RESPONSES.values(), ids=_RESPONSES)
async def test_the_bytes_and_the_end_are_those_of_uvicorn(
    head: Message, bodies: list[bytes], request_: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"method": "GET", "keep_alive": True, **request_}
    first, framing = frame(head, DATE, version="1.1", **asked)
    parts = [framing.part(body, is_last=number == len(bodies)) for number, body in enumerate(bodies, 1)]
    assert (first + b"".join(parts), framing.closes) == await _uvicorns(head, bodies, **asked)


@pytest.mark.parametrize(("head", "bodies", "request_"), _RESPONSES.values(), ids=_RESPONSES)
async def test_the_short_way_writes_the_same_where_it_can_be_taken(
    head: Message, bodies: list[bytes], request_: dict[str, Any]
) -> None:
    method = request_.get("method", "GET")
    whole = _whole(head, bodies[0], method=method)
    if whole is not None:
        assert len(bodies) == 1
        assert (whole, False) == await _uvicorns(head, bodies, method=method, keep_alive=True)


def test_an_ordinary_response_takes_the_short_way() -> None:
    assert _whole(_head(LENGTH, (b"a", b"1"))) is not None


@pytest.mark.parametrize(
    ("header", "method", "status"),
    [
        pytest.param((b"connection", b"close"), "GET", 200, id="the connection is steered"),
        pytest.param((b"transfer-encoding", b"chunked"), "GET", 200, id="the body is chunked"),
        pytest.param((b"content-length", b"4"), "GET", 200, id="the length is wrong"),
        pytest.param((b"content-length", b"5"), "HEAD", 200, id="nobody wants the body"),
        pytest.param((b"content-length", b"5"), "GET", 304, id="there is none"),
    ],
)
def test_what_is_not_plain_goes_the_long_way(header: Header, method: str, status: int) -> None:
    assert _whole(_head(header, status=status), method=method) is None


@pytest.mark.parametrize("name", [b"x-request-id", b"x-other"])
def test_ids_that_never_come_again_leave_each_response_its_own(name: bytes) -> None:
    """More of them than lines are remembered."""
    for number in range(1100):
        head = _head((name, b"%d" % number), LENGTH)
        whole = _whole(head)
        assert whole is not None
        assert b"\r\n%b: %d\r\n" % (name, number) in whole
        assert b"\r\ndate: Sat, 21 Nov 2026 18:00:00 GMT\r\n" in whole


@pytest.mark.parametrize(
    "header",
    [(b"a b", b"1"), (b"a", b"1\r\nb: 2"), (b"x-request-id", b"1\r\nb: 2"), (b"a", b"\x00"), (b"", b"1")],
)
def test_a_header_that_would_break_out_of_its_line_is_refused_on_either_way(header: Header) -> None:
    with pytest.raises(RuntimeError, match="break out of its line"):
        _whole(_head(header, LENGTH))
    with pytest.raises(RuntimeError, match="break out of its line"):
        frame(_head(header, LENGTH), DATE, method="GET", version="1.1", keep_alive=True)


@pytest.mark.parametrize("length", [b"", b"-5", b"0x5", b"\xd9\xa5"])
def test_a_length_that_is_no_number_is_refused(length: bytes) -> None:
    head = _head((b"content-length", length))
    with pytest.raises(RuntimeError, match="content-length"):
        frame(head, DATE, method="GET", version="1.1", keep_alive=True)


@pytest.mark.parametrize("parts", [[b"hello!"], [b"hel", b"lo!"], [b"hell"], [b"hel", b""], [b""]])
def test_a_body_of_another_length_than_was_told_is_refused(parts: list[bytes]) -> None:
    framing = Framing(has_body=True, left=5, chunked=False, closes=False)
    for part in parts[:-1]:
        framing.part(part, is_last=False)
    with pytest.raises(RuntimeError, match="content-length"):
        framing.part(parts[-1], is_last=True)


def test_a_client_of_http_1_0_gets_no_chunks_and_the_end_of_the_connection_in_their_place() -> None:
    """It would take the chunks' lengths for content (RFC 9112 §7.1)."""
    first, framing = frame(_head(), DATE, method="GET", version="1.0", keep_alive=True)
    assert b"chunked" not in first
    assert b"\r\nconnection: close\r\n" in first
    assert (framing.part(b"hel", is_last=False), framing.part(b"lo", is_last=True)) == (b"hel", b"lo")
    assert framing.closes


def test_a_head_has_its_lines_in_order() -> None:
    assert head_bytes(404, [(b"A", b"1"), (b"b", b"")]) == b"HTTP/1.1 404 Not Found\r\na: 1\r\nb: \r\n\r\n"


@pytest.mark.parametrize(("path", "start"), [("/v1/realtime", b'{"error":{'), ("/api/x", b'{"error":"')])
def test_a_refusal_ends_the_connection_in_the_shape_of_its_path(path: str, start: bytes) -> None:
    answer = refusal_bytes(Refusal("not_found"), request_id="abc", path=path)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 ")
    assert {b"x-request-id: abc", b"content-length: %d" % len(body), b"connection: close"} <= {
        *head.split(b"\r\n")
    }
    assert body.startswith(start)
