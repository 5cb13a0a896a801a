from typing import Any

import pytest

from limi.sandbox.http.headers import OpenAIHeaders


@pytest.mark.parametrize("start", ["http.response.start", "websocket.http.response.start"])
async def test_every_answer_bears_the_headers_of_openai(clock: Any, ids: Any, start: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        clock.advance(0.025)
        await send({"type": start, "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    await OpenAIHeaders(app, clock=clock, ids=ids)({"type": "http"}, receive, send)
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"] == b"text/plain"
    assert headers[b"openai-version"] == b"2020-10-01"
    assert headers[b"openai-processing-ms"] == b"25"
    assert headers[b"x-request-id"] == b"req_" + b"0" * 31 + b"1"
    assert sent[1] == {"type": "http.response.body", "body": b""}
