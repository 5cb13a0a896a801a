"""The helpers of the hand-written routes."""

from limi.http.asgi import RawResponse, Receive, Scope, Send, headers_of
from tests.unit.http.harness import Answer, call, make_scope


def test_headers_are_found_by_name() -> None:
    headers = headers_of(make_scope("GET", "/", (b"a", b"1"), (b"b", b"")))
    assert (headers[b"a"], headers[b"b"], headers.get(b"c")) == (b"1", b"", None)


def test_a_header_sent_twice_is_joined_so_that_neither_passes_for_the_only_one() -> None:
    headers = headers_of(make_scope("GET", "/", (b"a", b"1"), (b"b", b"2"), (b"a", b"1"), (b"a", b"3")))
    assert (headers[b"a"], headers[b"b"]) == (b"1, 1, 3", b"2")


async def _sent(response: RawResponse) -> Answer:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await response.send(send)

    return await call(app, make_scope())


async def test_a_response_is_sent_with_its_length() -> None:
    answer = await _sent(RawResponse(200, b"body", [(b"a", b"1")]))
    assert (answer.status, answer.headers, answer.body) == (200, {"a": "1", "content-length": "4"}, b"body")


async def test_a_204_has_no_length() -> None:
    answer = await _sent(RawResponse(204, b"", []))
    assert (answer.status, answer.headers, answer.body) == (204, {}, b"")
