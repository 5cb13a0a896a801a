"""Reading a body within bounds."""

import asyncio
import contextlib
from typing import NoReturn

import pytest

from limi.http.asgi import WHOLE_BODY, Message
from limi.http.bodies import ClientGoneError, is_json, read_body
from limi.http.deadlines import Deadlines
from limi.http.errors import Refusal


def _chunk(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def _nobody_asks() -> NoReturn:
    raise AssertionError


async def _read(*messages: Message, declared: bytes | None = None, limit: int = 8) -> bytes:
    unread = list(messages)

    async def receive() -> Message:
        return unread.pop(0)

    headers = [(b"content-length", declared)] if declared is not None else []
    return await read_body({"headers": headers}, receive, max_bytes=limit, deadlines=Deadlines(5))


async def test_pieces_are_joined() -> None:
    assert await _read(_chunk(b"ab", more=True), _chunk(b"", more=True), _chunk(b"cd")) == b"abcd"


async def test_a_message_without_a_body_is_an_empty_one() -> None:
    assert await _read({"type": "http.request"}) == b""


async def test_the_limit_itself_fits() -> None:
    assert await _read(_chunk(b"x" * 8), declared=b"8") == b"x" * 8


@pytest.mark.parametrize("pieces", [[b"x" * 9], [b"xxxx"] * 3])
async def test_more_than_the_limit_does_not(pieces: list[bytes]) -> None:
    with pytest.raises(Refusal, match="payload_too_large"):
        await _read(*(_chunk(piece, more=True) for piece in pieces))


async def test_a_length_above_the_limit_is_refused_before_anything_is_read() -> None:
    with pytest.raises(Refusal, match="payload_too_large"):
        await _read(declared=b"9")


@pytest.mark.parametrize("declared", [b"", b"-1", b"many", "٣".encode(), b"1" * 5000])
async def test_a_length_that_is_no_sensible_number_does_not_crash(declared: bytes) -> None:
    with contextlib.suppress(Refusal):
        assert await _read(_chunk(b"x"), declared=declared) == b"x"


@pytest.mark.parametrize("body", [b"", b"x" * 8])
async def test_a_body_that_the_server_has_whole_is_not_asked_for(body: bytes) -> None:
    scope = {"headers": [], WHOLE_BODY: body}
    assert await read_body(scope, _nobody_asks, max_bytes=8, deadlines=Deadlines(5)) == body


async def test_one_that_the_server_has_whole_is_no_longer_than_others() -> None:
    scope = {"headers": [], WHOLE_BODY: b"x" * 9}
    with pytest.raises(Refusal, match="payload_too_large"):
        await read_body(scope, _nobody_asks, max_bytes=8, deadlines=Deadlines(5))


async def test_a_client_that_leaves_is_nobody_to_answer() -> None:
    with pytest.raises(ClientGoneError):
        await _read(_chunk(b"x", more=True), {"type": "http.disconnect"})


async def test_a_body_that_does_not_come_is_a_timeout_that_closes_the_connection() -> None:
    async def never() -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(Refusal) as refused:
        await read_body({"headers": []}, never, max_bytes=8, deadlines=Deadlines(0.01))
    assert refused.value.code == "request_timeout"
    assert (b"connection", b"close") in refused.value.headers


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=UTF-8",
        b'application/json;charset="utf8"',
        b"application/json; charset=utf-8; profile=x",
    ],
)
def test_json(content_type: bytes) -> None:
    assert is_json(content_type)


@pytest.mark.parametrize(
    "content_type",
    [None, b"", b"text/json", b"application/json; charset=utf-16", b"application/json, text/plain", b"\xff"],
)
def test_no_json(content_type: bytes | None) -> None:
    assert not is_json(content_type)
