from collections.abc import Callable
from typing import Any

from limi.sandbox.http.answers import answer


async def _sent(scope: dict[str, Any], **given: Any) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await answer(scope, receive, send, status=429, **given)
    return sent


async def test_a_request_is_answered_with_json(scope: Callable[..., Any]) -> None:
    start, body = await _sent(scope("GET", "/", {}), body={"a": 1}, headers=[(b"retry-after", b"1")])
    assert (start["type"], start["status"]) == ("http.response.start", 429)
    assert dict(start["headers"]) == {
        b"content-length": b"7",
        b"content-type": b"application/json",
        b"retry-after": b"1",
    }
    assert body["body"] == b'{"a":1}'


async def test_nothing_is_an_empty_body(scope: Callable[..., Any]) -> None:
    start, body = await _sent(scope("GET", "/", {}), body=None)
    assert dict(start["headers"]) == {b"content-length": b"0"}
    assert body["body"] == b""


async def test_a_handshake_is_refused_with_a_body_where_the_server_can(scope: Callable[..., Any]) -> None:
    handshake = {**scope("GET", "/", {}), "type": "websocket"}
    able = {**handshake, "extensions": {"websocket.http.response": {}}}
    kinds = [message["type"] for message in await _sent(able, body={})]
    assert kinds == ["websocket.http.response.start", "websocket.http.response.body"]
    assert await _sent(handshake, body={}) == [{"type": "websocket.close", "code": 1008, "reason": ""}]
