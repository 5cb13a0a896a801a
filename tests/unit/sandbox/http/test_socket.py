import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

import pytest

from limi.kernel.secret import Secret
from limi.protocol import ClientSecretRequest, SessionConfig, default_config, parse_client_secret_request
from limi.sandbox.calls import Calls
from limi.sandbox.config import SandboxConfig
from limi.sandbox.http.credentials import Credentials
from limi.sandbox.http.socket import SocketEndpoint
from limi.sandbox.secrets import ClientSecrets
from limi.sandbox.sessions.live_session import Faculties
from limi.sandbox.sessions.open_sessions import OpenSessions
from limi.sandbox.transports.sdp import Offer

MakeScope = Callable[..., dict[str, Any]]

_KEY = {"authorization": "Bearer sk-right"}
_MODEL = b"model=gpt-realtime"


@pytest.fixture
def secrets(clock: Any, ids: Any) -> ClientSecrets[SessionConfig]:
    return ClientSecrets(clock=clock, ids=ids, limit=10)


@pytest.fixture
def config() -> SandboxConfig:
    return SandboxConfig(max_sessions=1, max_sidebands=1)


@pytest.fixture
def endpoint(
    config: SandboxConfig,
    secrets: ClientSecrets[SessionConfig],
    faculties: Faculties,
    sessions: OpenSessions,
    calls: Calls,
) -> SocketEndpoint:
    credentials = Credentials(api_key=Secret("sk-right"), secrets=secrets)
    return SocketEndpoint(
        config=config, credentials=credentials, faculties=faculties, sessions=sessions, calls=calls
    )


class _Connection:
    """One client that connects, reads a little and leaves."""

    def __init__(self, endpoint: SocketEndpoint, scope: dict[str, Any], *, wait: bool) -> None:
        self._endpoint = endpoint
        self._wait = wait
        self._scope = scope
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "websocket.connect"})
        self._changed = asyncio.Event()
        self.sent: list[Any] = []

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._endpoint(self._scope, self._incoming.get, self._send))
        if self._wait:
            await asyncio.wait_for(self._settled(), 5)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._running, 5)

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
        self._changed.set()

    async def say(self, event_type: str) -> None:
        """Send an event and wait for the next frame."""
        self._incoming.put_nowait({"type": "websocket.receive", "text": json.dumps({"type": event_type})})
        await asyncio.wait_for(self._settled(), 5)

    async def ended(self) -> None:
        """Wait until the endpoint has nothing more to do."""
        await asyncio.wait_for(asyncio.shield(self._running), 5)

    async def _settled(self) -> None:
        """Wait for the first frame, or for the refusal."""
        while not any(m["type"] in {"websocket.send", "websocket.http.response.body"} for m in self.sent):
            self._changed.clear()
            await self._changed.wait()

    @property
    def event(self) -> Any:
        return next(json.loads(message["text"]) for message in self.sent if message["type"] == "websocket.send")

    @property
    def accepted_subprotocol(self) -> Any:
        return self.sent[0]["subprotocol"]


@pytest.fixture
def connect(endpoint: SocketEndpoint, scope: MakeScope) -> Callable[..., _Connection]:
    def make(
        query: bytes = _MODEL,
        *,
        path: str = "/v1/realtime",
        headers: dict[str, str] | None = None,
        subprotocols: tuple[str, ...] = (),
        wait: bool = True,
        **more: Any,
    ) -> _Connection:
        made = scope("GET", path, _KEY if headers is None else headers)
        made |= {"type": "websocket", "query_string": query, "subprotocols": list(subprotocols)}
        made["extensions"] = {"websocket.http.response": {}}
        return _Connection(endpoint, {**made, **more}, wait=wait)

    return make


def _minted(secrets: ClientSecrets[SessionConfig], body: bytes) -> str:
    request: ClientSecretRequest = parse_client_secret_request(body, default_model="gpt-realtime-2.1")
    return secrets.mint(request.config, seconds=600).value.reveal()


async def test_the_standard_key_opens_a_session_of_the_model_in_the_url(
    connect: Any, sessions: OpenSessions
) -> None:
    async with connect() as connection:
        assert connection.event["type"] == "session.created"
        assert connection.event["session"]["model"] == "gpt-realtime"
        assert connection.accepted_subprotocol is None
        assert len(sessions) == 1
    assert len(sessions) == 0


async def test_a_secret_brings_its_session_and_the_url_its_model(
    connect: Any, secrets: ClientSecrets[SessionConfig]
) -> None:
    secret = _minted(
        secrets, b'{"session": {"type": "realtime", "model": "gpt-realtime-mini", "instructions": "Hm."}}'
    )
    offered = ("realtime", f"openai-insecure-api-key.{secret}")
    async with connect(headers={}, subprotocols=offered) as connection:
        assert connection.accepted_subprotocol == "realtime"
        session = connection.event["session"]
        assert (session["model"], session["instructions"]) == ("gpt-realtime", "Hm.")


async def test_a_secret_for_transcription_opens_a_transcription(
    connect: Any, secrets: ClientSecrets[SessionConfig]
) -> None:
    audio = {"input": {"transcription": {"model": "whisper-1"}}}
    secret = _minted(secrets, json.dumps({"session": {"type": "transcription", "audio": audio}}).encode())
    async with connect(b"intent=transcription", headers={"authorization": f"Bearer {secret}"}) as connection:
        session = connection.event["session"]
        assert session["type"] == "transcription"
        assert session["audio"]["input"]["transcription"]["model"] == "whisper-1"


async def test_a_secret_of_one_kind_does_not_shape_a_session_of_the_other(
    connect: Any, secrets: ClientSecrets[SessionConfig]
) -> None:
    secret = _minted(secrets, b'{"session": {"type": "transcription"}}')
    async with connect(headers={"authorization": f"Bearer {secret}"}) as connection:
        assert connection.event["session"]["type"] == "realtime"
    secret = _minted(secrets, b"{}")
    async with connect(b"intent=transcription", headers={"authorization": f"Bearer {secret}"}) as connection:
        assert connection.event["session"]["type"] == "transcription"


async def test_a_secret_that_expired_is_a_wrong_key(
    connect: Any, secrets: ClientSecrets[SessionConfig], clock: Any
) -> None:
    secret = _minted(secrets, b"{}")
    clock.advance(601)
    async with connect(headers={"authorization": f"Bearer {secret}"}) as connection:
        assert connection.event["error"]["code"] == "invalid_api_key"
        assert connection.sent[-1]["code"] == 3000
        assert secret not in json.dumps(connection.sent)


@pytest.mark.parametrize(
    ("query", "path", "status", "code"),
    [
        (_MODEL, "/v1/other", 404, "unknown_url"),
        (b"call_id=rtc_1", "/v1/realtime", 404, "call_id_not_found"),
    ],
)
async def test_a_refused_handshake_has_a_body(
    connect: Any, query: bytes, path: str, status: int, code: str
) -> None:
    async with connect(query, path=path) as connection:
        start, body = connection.sent
        assert start["status"] == status
        assert json.loads(body["body"])["error"]["code"] == code


async def test_a_server_that_cannot_send_a_body_closes(endpoint: SocketEndpoint, scope: MakeScope) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    made = scope("GET", "/v1/other", _KEY) | {"type": "websocket", "subprotocols": []}
    await endpoint(made, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_past_the_limit_and_while_stopping_no_session_is_opened(
    connect: Any, sessions: OpenSessions
) -> None:
    async with connect() as first:
        async with connect() as second:
            assert second.sent[0]["status"] == 429
        sessions.dismiss()
        await asyncio.wait_for(sessions.empty(), 5)
        assert first.sent[-1]["code"] == 1001
    async with connect() as third:
        assert third.sent[0]["status"] == 503


_OFFER = Offer("v=0", has_data_channel=True)


async def test_a_standard_key_joins_a_call_and_is_told_what_happens_from_then_on(
    connect: Any, calls: Calls
) -> None:
    call = await calls.open(_OFFER, default_config(model="gpt-realtime"))
    live = calls.find(call.id)
    assert live is not None
    async with connect(f"call_id={call.id}".encode(), wait=False) as sideband:
        await sideband.say("input_audio_buffer.clear")
        assert sideband.event["type"] == "input_audio_buffer.cleared"
        calls.hang_up(call.id)
        await sideband.ended()
    assert sideband.sent[-1] == {"type": "websocket.close", "code": 1000, "reason": "The call was hung up."}


async def test_a_client_secret_finds_no_call(
    connect: Any, calls: Calls, secrets: ClientSecrets[SessionConfig]
) -> None:
    call = await calls.open(_OFFER, default_config(model="gpt-realtime"))
    headers = {"authorization": f"Bearer {_minted(secrets, b'{}')}"}
    async with connect(f"call_id={call.id}".encode(), headers=headers) as refused:
        start, body = refused.sent
        assert start["status"] == 404
        assert json.loads(body["body"])["error"]["code"] == "call_id_not_found"


async def test_a_wrong_key_is_told_after_the_handshake_that_it_joins_no_call(connect: Any, calls: Calls) -> None:
    call = await calls.open(_OFFER, default_config(model="gpt-realtime"))
    async with connect(f"call_id={call.id}".encode(), headers={"authorization": "Bearer sk-wrong"}) as refused:
        assert refused.event["error"]["code"] == "invalid_api_key"
        assert refused.sent[-1]["code"] == 3000


async def test_a_call_has_places_for_so_many_observers(connect: Any, calls: Calls) -> None:
    call = await calls.open(_OFFER, default_config(model="gpt-realtime"))
    query = f"call_id={call.id}".encode()
    async with connect(query, wait=False) as first:
        await first.say("input_audio_buffer.clear")
        async with connect(query) as second:
            assert second.sent[0]["status"] == 429
