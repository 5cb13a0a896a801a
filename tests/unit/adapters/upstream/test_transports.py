"""The sandbox inside this process is asked as a server would ask it, without a socket."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from limi.adapters.upstream.transports import ASGITransport, TransportError


async def test_the_application_is_called_as_a_server_would() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        seen.update(scope)
        seen["message"] = await receive()
        headers = [(b"Content-Type", b"application/json"), (b"Retry-After", b"3")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"a"', "more_body": True})
        await send({"type": "http.response.body", "body": b": 1}"})

    transport = ASGITransport(app, base_path="/v1", timeout_seconds=5)
    answer = await transport.send("POST", "/models", headers={"Authorization": "Bearer x"}, body=b"{}")
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (201, b'{"a": 1}', "3")
    assert (seen["method"], seen["path"], seen["raw_path"]) == ("POST", "/v1/models", b"/v1/models")
    assert seen["message"] == {"type": "http.request", "body": b"{}", "more_body": False}
    headers = dict(seen["headers"])
    assert headers[b"authorization"] == b"Bearer x"
    assert headers[b"content-length"] == b"2"
    await transport.close()


async def test_silence_is_a_time_out() -> None:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TransportError) as caught:
        await ASGITransport(app, base_path="/v1", timeout_seconds=0.02).send("GET", "/models", headers={})
    assert caught.value.timed_out
