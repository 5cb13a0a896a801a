"""How a request reaches upstream: the port, and the way to the sandbox inside this process, without a socket."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, Protocol

import msgspec

__all__ = ["OPENAI_URL", "ASGITransport", "Answer", "Transport", "TransportError"]

ASGIApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]

OPENAI_URL: Final = "https://api.openai.com/v1"


class TransportError(Exception):
    """No whole answer came; `timed_out` says whether that was for lack of time."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out


class Answer(msgspec.Struct, frozen=True):
    """What came back. Of the headers only those about time matter."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Transport(Protocol):
    """Sends one request and reads the whole answer."""

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Return the answer, whatever its status.

        Raises:
            TransportError: the connection failed, took too long, or the answer was too large.
        """

    async def close(self) -> None:
        """Close all connections."""


class ASGITransport:
    """Calls an ASGI application in this process."""

    def __init__(self, app: ASGIApp, *, base_path: str, timeout_seconds: float) -> None:
        self._app = app
        self._base_path = base_path
        self._timeout_seconds = timeout_seconds

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Call the application and collect what it sends."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": self._base_path + path,
            "raw_path": (self._base_path + path).encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"content-length", str(len(body)).encode())]
            + [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
        }
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._app(scope, receive, send)
        except TimeoutError as exc:
            reason = "no whole answer in time"
            raise TransportError(reason, timed_out=True) from exc
        return _collect(sent)

    async def close(self) -> None:
        """Nothing is open."""


def _collect(sent: list[MutableMapping[str, Any]]) -> Answer:
    start, *rest = sent
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], b"".join(message.get("body", b"") for message in rest), headers)
