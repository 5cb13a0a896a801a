"""How sockets are opened and refused, seen from the client's side of a real server."""

import asyncio
import base64
import json
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from limi.kernel.secret import Secret
from limi.sandbox.config import SandboxConfig
from tests.integration.sandbox.support import Served, check_frame, serve, serve_app

_MODEL = "?model=gpt-realtime"
_KEY = {"Authorization": "Bearer sk-test"}


async def _error_and_close(socket: ClientConnection) -> tuple[str, int, str]:
    event = json.loads(await socket.recv())
    await socket.wait_closed()
    assert event["type"] == "error"
    return event["error"]["code"], socket.close_code or 0, socket.close_reason or ""


@pytest.mark.parametrize(
    ("query", "headers", "code", "close_code"),
    [
        (_MODEL, {}, "invalid_api_key", 3000),
        (_MODEL, {"Authorization": "Bearer ek_" + "0" * 32}, "invalid_api_key", 3000),
        ("", _KEY, "missing_model", 4000),
        ("?model=gpt-none", _KEY, "invalid_model", 4000),
        (_MODEL, {**_KEY, "OpenAI-Beta": "realtime=v1"}, "beta_api_shape_disabled", 4000),
    ],
)
async def test_a_bad_request_is_accepted_told_and_closed(
    served: Served, query: str, headers: dict[str, str], code: str, close_code: int
) -> None:
    async with connect(served.socket_url + query, additional_headers=headers) as socket:
        assert await _error_and_close(socket) == (code, close_code, f"invalid_request_error.{code}")


async def test_a_browsers_key_comes_as_a_subprotocol_and_is_not_sent_back(served: Served) -> None:
    async with served.client() as backend:
        secret = (await backend.realtime.client_secrets.create()).value
    offered = [
        Subprotocol(name) for name in ("realtime", f"openai-insecure-api-key.{secret}", "openai-agents-sdk.0.20")
    ]
    async with connect(served.socket_url + _MODEL, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
        assert json.loads(await socket.recv())["type"] == "session.created"


async def test_the_beta_subprotocol_is_refused(served: Served) -> None:
    offered = [Subprotocol("realtime"), Subprotocol("openai-beta.realtime-v1")]
    async with connect(served.socket_url + _MODEL, subprotocols=offered, additional_headers=_KEY) as socket:
        assert (await _error_and_close(socket))[0] == "beta_api_shape_disabled"


async def test_no_subprotocol_is_chosen_when_none_was_offered(served: Served) -> None:
    async with connect(served.socket_url + _MODEL, additional_headers=_KEY) as socket:
        assert socket.subprotocol is None


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("?call_id=rtc_unknown", 404, "call_id_not_found"), ("/nothing", 404, "unknown_url")],
)
async def test_what_does_not_exist_is_refused_by_the_handshake(
    served: Served, path: str, status: int, code: str
) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await connect(served.socket_url + path, additional_headers=_KEY)
    response = refused.value.response
    assert response.status_code == status
    assert json.loads(response.body)["error"]["code"] == code
    assert response.headers["x-request-id"].startswith("req_")


async def test_past_its_sessions_the_sandbox_refuses_more() -> None:
    async with serve(SandboxConfig(max_sessions=1)) as served:
        url = served.socket_url + _MODEL
        async with connect(url, additional_headers=_KEY):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await connect(url, additional_headers=_KEY)
            assert refused.value.response.status_code == 429
        while served.sandbox.open_sessions:  # noqa: ASYNC110 - the server notices the close a moment later
            await asyncio.sleep(0.01)
        async with connect(url, additional_headers=_KEY) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"


async def test_only_its_own_key_opens_a_sandbox_that_has_one() -> None:
    async with serve(SandboxConfig(api_key=Secret("sk-right"))) as served:
        async with connect(served.socket_url + _MODEL, additional_headers=_KEY) as socket:
            assert (await _error_and_close(socket))[0] == "invalid_api_key"
        right = {"Authorization": "Bearer sk-right"}
        async with connect(served.socket_url + _MODEL, additional_headers=right) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"


async def test_a_session_ends_at_its_limit() -> None:
    async with (
        serve(SandboxConfig(session_seconds=0.1)) as served,
        connect(served.socket_url + _MODEL, additional_headers=_KEY) as socket,
    ):
        assert json.loads(await socket.recv())["type"] == "session.created"
        code, close_code, _ = await _error_and_close(socket)
    assert (code, close_code) == ("session_expired", 1001)


async def test_a_stopping_sandbox_says_good_bye_to_its_sessions(served: Served) -> None:
    async with connect(served.socket_url + _MODEL, additional_headers=_KEY) as socket:
        await socket.recv()
        await served.sandbox.stop()
        await served.sandbox.stop()
        await socket.wait_closed()
        assert socket.close_code == 1001
    with pytest.raises(websockets.InvalidStatus) as refused:
        await connect(served.socket_url + _MODEL, additional_headers=_KEY)
    assert refused.value.response.status_code == 503
    with pytest.raises(RuntimeError, match="make a new one"):
        await served.sandbox.start()


async def test_the_largest_append_the_api_knows_is_taken(served: Served) -> None:
    manual = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    audio = base64.b64encode(bytes(15 * 2**20)).decode()
    async with connect(served.socket_url + _MODEL, additional_headers=_KEY, max_size=None) as socket:
        await socket.send(json.dumps({"type": "session.update", "session": manual}))
        await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        await socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
        types = [json.loads(await socket.recv())["type"] for _ in range(5)]
    assert types[2:] == ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]


async def test_a_binary_frame_is_answered_with_an_error(served: Served) -> None:
    async with connect(served.socket_url + _MODEL, additional_headers=_KEY) as socket:
        await socket.recv()
        await socket.send(b"\x00\x01")
        assert json.loads(await socket.recv())["error"]["code"] == "invalid_event"


async def test_a_client_that_vanishes_leaves_nothing_behind(served: Served) -> None:
    socket = await connect(served.socket_url + _MODEL, additional_headers=_KEY)
    await socket.recv()
    await socket.send(json.dumps({"type": "response.create"}))
    await socket.recv()
    socket.transport.abort()
    async with asyncio.timeout(10):
        while served.sandbox.open_sessions:  # noqa: ASYNC110 - the server notices the loss a moment later
            await asyncio.sleep(0.01)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("sandbox resp_")]


@pytest.mark.parametrize("how", ["prefix cut off", "prefix named in root_path"])
async def test_a_mounted_sandbox_answers_below_its_prefix(served: Served, how: str) -> None:
    async def outer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif how == "prefix named in root_path":
            await served.sandbox({**scope, "root_path": "/sandbox"}, receive, send)
        else:
            await served.sandbox({**scope, "path": scope["path"].removeprefix("/sandbox")}, receive, send)

    async with (
        serve_app(outer) as port,
        connect(f"ws://127.0.0.1:{port}/sandbox/v1/realtime{_MODEL}", additional_headers=_KEY) as socket,
    ):
        frame = await socket.recv()
        assert isinstance(frame, str)
        check_frame(frame)
