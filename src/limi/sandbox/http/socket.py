"""The handshake of `GET /v1/realtime`: who is it, what do they want, and how they are refused.

OpenAI accepts a socket first and says what is wrong in an event then; only an unknown call is refused by HTTP. A
client written against the sandbox must meet the same, because the two surface quite differently in an SDK.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qs

import msgspec

from limi.protocol import (
    Limits,
    NewId,
    RealtimeModel,
    RealtimeSession,
    Refusal,
    SessionConfig,
    SessionType,
    default_config,
    refuse_beta,
    refuse_key,
    refuse_missing_model,
    refuse_unknown_model,
)
from limi.sandbox.config import SandboxConfig
from limi.sandbox.http.credentials import Credentials, bearer_token, subprotocol_token
from limi.sandbox.http.errors import HTTPError, error_response_body
from limi.sandbox.http.headers import Scope
from limi.sandbox.live_session import Faculties, LiveSession
from limi.sandbox.send_queue import Farewell
from limi.sandbox.transports.websocket import Receive, Send, WebSocketTransport

__all__ = ["SocketEndpoint"]

_PATH: Final = "/v1/realtime"
_SUBPROTOCOL: Final = "realtime"
_BETA_SUBPROTOCOL: Final = "openai-beta.realtime-v1"
_GOING_AWAY: Final = 1001
_DENIAL: Final = "websocket.http.response"


class SocketEndpoint:
    """Answers every WebSocket of the sandbox and knows those that are open."""

    def __init__(self, *, config: SandboxConfig, credentials: Credentials, faculties: Faculties) -> None:
        self._config = config
        self._credentials = credentials
        self._faculties = faculties
        self._open: set[LiveSession] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._stopping = False

    @property
    def open_sessions(self) -> int:
        """How many sessions run."""
        return len(self._open)

    def dismiss(self) -> None:
        """Ask every session to close with 1001 and take no more."""
        self._stopping = True
        for live in self._open:
            live.leave(Farewell(_GOING_AWAY, "The sandbox is shutting down."))

    async def empty(self) -> None:
        """Wait until no session runs."""
        await self._empty.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one socket from its handshake to its end."""
        if (await receive())["type"] != "websocket.connect":
            return
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        if (denial := self._denial(scope["path"], query)) is not None:
            await _deny(denial, scope, send)
            return
        offered: list[str] = scope["subprotocols"]
        # The key is among the offered subprotocols of a browser, so nothing offered is ever echoed but this one.
        await send({"type": "websocket.accept", "subprotocol": _SUBPROTOCOL if _SUBPROTOCOL in offered else None})
        opened = self._configuration(scope, query)
        if isinstance(opened, Refusal):
            await send({"type": "websocket.send", "text": opened.event.decode()})
            await send({"type": "websocket.close", "code": opened.close_code, "reason": opened.close_reason})
            return
        await self._serve(opened, receive, send)

    async def _serve(self, config: SessionConfig, receive: Receive, send: Send) -> None:
        clock = self._faculties.clock
        session = RealtimeSession(
            config=config,
            new_id=self._faculties.new_id,
            now=clock.monotonic(),
            unix_time=clock.now(),
            limits=Limits(session_seconds=self._config.session_seconds),
        )
        live = LiveSession(session=session, faculties=self._faculties, config=self._config)
        self._open.add(live)
        self._empty.clear()
        try:
            await WebSocketTransport(live=live, receive=receive, send=send).run()
        finally:
            self._open.discard(live)
            if not self._open:
                self._empty.set()

    def _denial(self, path: str, query: Mapping[str, str]) -> HTTPError | None:
        if path != _PATH:
            return HTTPError(404, f"Unknown request URL: {path}. The socket is at {_PATH}.", code="unknown_url")
        if "call_id" in query:
            message = "No session found for the provided call_id"
            return HTTPError(404, message, code="call_id_not_found", param="")
        if self._stopping:
            return HTTPError(503, "The sandbox is shutting down.", code="server_error", kind="server_error")
        if len(self._open) >= self._config.max_sessions:
            message = f"The sandbox holds {self._config.max_sessions} sessions at a time, and all are in use."
            return HTTPError(429, message, code="rate_limit_exceeded", kind="requests")
        return None

    def _configuration(self, scope: Scope, query: Mapping[str, str]) -> SessionConfig | Refusal:
        """Return what the session begins with, or why there is none."""
        offered: list[str] = scope["subprotocols"]
        token = bearer_token(scope["headers"]) or subprotocol_token(offered)
        secret = self._credentials.client_secret(token)
        if secret is None and not self._credentials.is_standard_key(token):
            return refuse_key(self._faculties.new_id)
        if _wants_beta(scope, offered):
            return refuse_beta(self._faculties.new_id)
        attached = None if secret is None else secret.session
        if query.get("intent") == SessionType.TRANSCRIPTION:
            return self._transcription_config(attached)
        return self._realtime_config(attached, query.get("model"), self._config.models, self._faculties.new_id)

    def _transcription_config(self, attached: SessionConfig | None) -> SessionConfig:
        if attached is not None and attached.type is SessionType.TRANSCRIPTION:
            return attached
        return default_config(model=self._config.default_model, session_type=SessionType.TRANSCRIPTION)

    @staticmethod
    def _realtime_config(
        attached: SessionConfig | None, model: str | None, models: Mapping[str, RealtimeModel], new_id: NewId
    ) -> SessionConfig | Refusal:
        if not model:
            return refuse_missing_model(new_id)
        if model not in models:
            return refuse_unknown_model(new_id, model)
        if attached is None or attached.type is not SessionType.REALTIME:
            return default_config(model=model)
        # What is attached to a secret is a default that the connecting client may overwrite, its model included.
        return replace(attached, model=model)


def _wants_beta(scope: Scope, offered: list[str]) -> bool:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    return _BETA_SUBPROTOCOL in offered or any(name == b"openai-beta" for name, _ in headers)


async def _deny(error: HTTPError, scope: Scope, send: Send) -> None:
    """Refuse the handshake by HTTP, with a body where the server can send one."""
    if _DENIAL not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": error.message})
        return
    body = msgspec.json.encode(error_response_body(error))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
