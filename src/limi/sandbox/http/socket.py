"""The handshake of `GET /v1/realtime`: who is it, what do they want, and how they are refused.

OpenAI accepts a socket first and says what is wrong in an event then; only an unknown call is refused by HTTP. A
client written against the sandbox must meet the same, because the two surface quite differently in an SDK.
"""

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
from limi.sandbox.calls import Calls
from limi.sandbox.config import SandboxConfig
from limi.sandbox.http.credentials import Credentials, bearer_token, subprotocol_token
from limi.sandbox.http.errors import HTTPError, error_response_body, unknown_call
from limi.sandbox.http.headers import Scope
from limi.sandbox.secrets import is_client_secret
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.open_sessions import OpenSessions
from limi.sandbox.transports.sideband import SidebandTransport
from limi.sandbox.transports.websocket import Receive, Send, WebSocketTransport

__all__ = ["SocketEndpoint"]

_PATH: Final = "/v1/realtime"
_SUBPROTOCOL: Final = "realtime"
_BETA_SUBPROTOCOL: Final = "openai-beta.realtime-v1"
_DENIAL: Final = "websocket.http.response"


class SocketEndpoint:
    """Answers every WebSocket of the sandbox."""

    def __init__(
        self,
        *,
        config: SandboxConfig,
        credentials: Credentials,
        faculties: Faculties,
        sessions: OpenSessions,
        calls: Calls,
    ) -> None:
        """Prepare to answer.

        Args:
            config: The sandbox's settings.
            credentials: Tells keys apart.
            faculties: What sessions hear, think and speak with.
            sessions: The sessions that run, to which those of sockets are added.
            calls: The calls that a socket may join.
        """
        self._config = config
        self._credentials = credentials
        self._faculties = faculties
        self._sessions = sessions
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one socket from its handshake to its end."""
        if (await receive())["type"] != "websocket.connect":
            return
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        if (denial := self._denial(scope, query)) is not None:
            await _deny(denial, scope, send)
            return
        call = self._calls.find(query.get("call_id", ""))
        offered: list[str] = scope["subprotocols"]
        # The key is among the offered subprotocols of a browser, so nothing offered is ever echoed but this one.
        await send({"type": "websocket.accept", "subprotocol": _SUBPROTOCOL if _SUBPROTOCOL in offered else None})
        opened = self._configuration(scope, query) if call is None else self._sideband_refusal(scope)
        if isinstance(opened, Refusal):
            await send({"type": "websocket.send", "text": opened.event.decode()})
            await send({"type": "websocket.close", "code": opened.close_code, "reason": opened.close_reason})
            return
        if call is not None:
            await self._join(call, receive, send)
        elif opened is not None:
            await self._serve(opened, receive, send)

    async def _join(self, call: LiveSession, receive: Receive, send: Send) -> None:
        sideband = SidebandTransport(
            live=call,
            receive=receive,
            send=send,
            sleep=self._faculties.sleep,
            close_seconds=self._config.close_seconds,
        )
        await sideband.run()

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
        self._sessions.add(live)
        try:
            await WebSocketTransport(live=live, receive=receive, send=send).run()
        finally:
            self._sessions.discard(live)

    def _denial(self, scope: Scope, query: Mapping[str, str]) -> HTTPError | None:
        path: str = scope["path"]
        if path != _PATH:
            return HTTPError(404, f"Unknown request URL: {path}. The socket is at {_PATH}.", code="unknown_url")
        if "call_id" in query:
            return self._sideband_denial(scope, query["call_id"])
        if self._sessions.is_stopping:
            return HTTPError(503, "The sandbox is shutting down.", code="server_error", kind="server_error")
        if self._sessions.is_full:
            message = f"The sandbox holds {self._sessions.limit} sessions at a time, and all are in use."
            return HTTPError(429, message, code="rate_limit_exceeded", kind="requests")
        return None

    def _sideband_denial(self, scope: Scope, call_id: str) -> HTTPError | None:
        call = self._calls.find(call_id)
        # Upstream knows no calls for client secrets, since 2026-09-09: the client is in its call already.
        if call is None or is_client_secret(_token(scope) or ""):
            return unknown_call()
        if call.audience.is_full:
            message = f"{self._config.max_sidebands} sockets have joined this call, and no more may."
            return HTTPError(429, message, code="rate_limit_exceeded", kind="requests")
        return None

    def _sideband_refusal(self, scope: Scope) -> Refusal | None:
        if self._credentials.is_standard_key(_token(scope)):
            return None
        return refuse_key(self._faculties.new_id)

    def _configuration(self, scope: Scope, query: Mapping[str, str]) -> SessionConfig | Refusal:
        """Return what the session begins with, or why there is none."""
        offered: list[str] = scope["subprotocols"]
        token = _token(scope)
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


def _token(scope: Scope) -> str | None:
    return bearer_token(scope["headers"]) or subprotocol_token(scope["subprotocols"])


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
