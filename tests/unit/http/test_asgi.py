"""The helpers of the hand-written routes."""

import pytest

from limi.http.asgi import Header, Message, RawResponse, Receive, Scope, Send, headers_of
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


class _Server:
    """A server's `send` that may take whole responses."""

    def __init__(self, *, takes: bool) -> None:
        self._takes = takes
        self.told: list[object] = []

    def whole(self, status: int, headers: list[Header], body: bytes) -> bool:
        self.told.append((status, headers, body))
        return self._takes

    async def __call__(self, message: Message) -> None:
        self.told.append(message["type"])


@pytest.mark.parametrize(
    ("takes", "messages"), [(True, []), (False, ["http.response.start", "http.response.body"])]
)
async def test_a_server_that_takes_a_response_at_once_is_given_it_so(*, takes: bool, messages: list[str]) -> None:
    server = _Server(takes=takes)
    await RawResponse(200, b"body", [(b"a", b"1")]).send(server)
    assert server.told == [(200, [(b"a", b"1"), (b"content-length", b"4")], b"body"), *messages]
