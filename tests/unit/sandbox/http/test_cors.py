"""Pages of any origin may call, as they may call upstream."""

from collections.abc import Awaitable, Callable
from typing import Any

from limi.sandbox.http.cors import AnyOrigin

Call = Callable[..., Awaitable[Any]]


async def _app(scope: Any, _: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    headers = [(b"location", b"/v1/realtime/calls/rtc_1")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": b"v=0"})


def _names(answer: Any, header: str) -> set[str]:
    return {name.strip() for name in answer.headers[f"access-control-{header}"].split(",")}


async def test_a_preflight_allows_what_the_sdks_send(call: Call) -> None:
    headers = {"origin": "https://app.example", "access-control-request-method": "POST"}
    answer = await call(AnyOrigin(_app), "OPTIONS", "/v1/realtime/calls", headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert _names(answer, "allow-methods") >= {"GET", "POST"}
    assert _names(answer, "allow-headers") >= {
        "authorization",
        "content-type",
        "x-openai-agents-sdk",
        "x-limi-fault",
        "openai-safety-identifier",
        "x-stainless-lang",
    }


async def test_an_answer_may_be_read_with_its_location(call: Call) -> None:
    answer = await call(AnyOrigin(_app), "POST", "/v1/realtime/calls", headers={"origin": "https://app.example"})
    assert (answer.status, answer.body) == (201, b"v=0")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "location" in _names(answer, "expose-headers")
    assert answer.headers["location"] == "/v1/realtime/calls/rtc_1"


async def test_options_without_a_question_about_methods_are_a_request_like_any_other(call: Call) -> None:
    assert (await call(AnyOrigin(_app), "OPTIONS", "/")).status == 201


async def test_sockets_know_no_origins(scope: Callable[..., dict[str, Any]]) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await AnyOrigin(_app)({**scope("GET", "/", {}), "type": "websocket"}, None, send)  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.accept"}]
