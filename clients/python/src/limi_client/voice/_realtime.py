"""The realtime connection of the official `openai` SDK, behind a port: the only file that imports it."""

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import SplitResult, parse_qs, urlsplit

from limi_client._errors import EphemeralKeyError, UnsupportedPlatformError, VoiceConnectionError
from limi_client._models import EphemeralKey

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.resources.realtime.realtime import AsyncRealtimeConnection

__all__ = ["ConnectionLost", "RealtimeConnection", "RealtimeConnector", "connect_by_sdk"]

_MAX_EVENT_BYTES: Final = 16 * 1024 * 1024
"""OpenAI's bound for one event of audio is 15 MiB, and nothing that is sent to clients comes near."""
_PING_SECONDS: Final = 10.0
"""A dead connection is noticed within twice this time; networks forget idle ones after half a minute or more."""
_CLOSE_SECONDS: Final = 2.0
"""How long the server may take to agree to a close; closing must not hold up whoever wants to stop."""
_REFUSED: Final = frozenset({401, 403})


class ConnectionLost(Exception):  # noqa: N818 - expected, and named for what happened
    """The connection is no more.

    Attributes:
        code: The WebSocket's close code, 1006 without one (RFC 6455, 7.4.1).
        reason: What the server said.
    """

    def __init__(self, code: int, reason: str) -> None:
        """Say how it ended."""
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class RealtimeConnection(Protocol):
    """An open connection that speaks the Realtime API."""

    async def send(self, event: Mapping[str, Any]) -> None:
        """Send a client event.

        Raises:
            ConnectionLost: There is no connection any more.
        """

    async def receive(self) -> dict[str, Any]:
        """Return the next server event.

        Raises:
            ConnectionLost: There will be none.
        """

    async def close(self) -> None:
        """Close it; may be called twice."""


class RealtimeConnector(Protocol):
    """Opens connections."""

    async def __call__(self, key: EphemeralKey, *, origin: str) -> RealtimeConnection:
        """Open one with a key, where the key says.

        Raises:
            VoiceError: It cannot be opened.
        """


async def connect_by_sdk(key: EphemeralKey, *, origin: str) -> RealtimeConnection:
    """Open a WebSocket by the SDK; see `RealtimeConnector`."""
    url = urlsplit(key.urls.websocket)
    try:
        # In a thread, because the package takes about a second to load, which would hold up everything else.
        client = await asyncio.to_thread(_make_client, key, url)
    except ImportError as exc:
        raise UnsupportedPlatformError(
            "unsupported_platform",
            message="Conversations need the openai package",
            hint="pip install 'limi-ai-client[voice]'",
            origin=origin,
            final=True,
        ) from exc
    try:
        model = parse_qs(url.query).get("model", [key.model])[0]
        return _SdkConnection(await _connect(client, model))
    except _UpgradeRefused as exc:
        if exc.status in _REFUSED:
            raise EphemeralKeyError("token_expired", origin=origin) from None
        message = f"The realtime server refused the connection with status {exc.status}"
        raise VoiceConnectionError("network_error", message=message, origin=origin) from None
    except OSError as exc:
        message = f"Cannot reach the realtime server at {url.hostname}: {exc}"
        raise VoiceConnectionError("network_error", message=message, origin=origin) from exc
    finally:
        # It asked nothing by HTTP, so there is nothing to wait for, and no moment to be cancelled in.
        await client.close()


class _UpgradeRefused(Exception):  # noqa: N818 - it is an answer
    """The server answered the handshake with a status of its own."""

    def __init__(self, status: int) -> None:
        """Say which."""
        super().__init__(f"status {status}")
        self.status = status


def _make_client(key: EphemeralKey, url: SplitResult) -> "AsyncOpenAI":
    import openai.resources.realtime.realtime  # noqa: PLC0415 - the extra `voice`
    import websockets.asyncio.client  # noqa: F401, PLC0415 - as above

    # The SDK adds /realtime and the model to its base by itself.
    base = url._replace(path=url.path.removesuffix("/realtime"), query="").geturl()
    return openai.AsyncOpenAI(api_key=key.ephemeral_key, websocket_base_url=base, max_retries=0)


async def _connect(client: "AsyncOpenAI", model: str) -> "AsyncRealtimeConnection":
    from openai import OpenAIError  # noqa: PLC0415 - the extra `voice`
    from websockets.exceptions import InvalidStatus, WebSocketException  # noqa: PLC0415 - as above

    options: Any = {
        "max_size": _MAX_EVENT_BYTES,
        "compression": None,
        # Whoever asks cancels this when it takes too long.
        "open_timeout": None,
        "close_timeout": _CLOSE_SECONDS,
        "ping_interval": _PING_SECONDS,
        "ping_timeout": _PING_SECONDS,
        "logger": _discreet_logger(),
    }
    try:
        return await client.realtime.connect(model=model, websocket_connection_options=options).enter()
    except InvalidStatus as exc:
        raise _UpgradeRefused(exc.response.status_code) from None
    except (WebSocketException, OpenAIError) as exc:
        raise OSError(str(exc)) from exc


class _Discreet(logging.Filter):
    """Keeps the handshake's key out of the log: websockets writes every header at level DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "bearer ek_" not in record.getMessage().lower()


def _discreet_logger() -> logging.Logger:
    logger = logging.getLogger("limi_client.voice.socket")
    if not any(isinstance(found, _Discreet) for found in logger.filters):
        logger.addFilter(_Discreet())
    return logger


class _SdkConnection:
    """An open connection of the SDK, whose events stay plain JSON: its classes lag behind the server."""

    def __init__(self, connection: "AsyncRealtimeConnection") -> None:
        self._connection = connection

    async def send(self, event: Mapping[str, Any]) -> None:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - the extra `voice`

        try:
            await self._connection.send_raw(json.dumps(event))
        except ConnectionClosed as exc:
            raise _lost(exc) from None

    async def receive(self) -> dict[str, Any]:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - the extra `voice`

        while True:
            try:
                frame = await self._connection.recv_bytes()
            except ConnectionClosed as exc:
                raise _lost(exc) from None
            # A frame that cannot be read is passed over: nobody here can mend it, and the session goes on.
            try:
                event = json.loads(frame)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                return event

    async def close(self) -> None:
        # What is still coming has to be read, or the server's farewell never gets through behind it.
        draining = asyncio.get_running_loop().create_task(self._drain(), name="limi farewell")
        try:
            await self._connection.close()
        finally:
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)

    async def _drain(self) -> None:
        with suppress(ConnectionLost):
            while True:
                await self.receive()


def _lost(closed: Any) -> ConnectionLost:  # noqa: ANN401 - websockets' exception, imported with the extra only
    frame = closed.rcvd
    return ConnectionLost(frame.code, frame.reason) if frame else ConnectionLost(1006, "")
