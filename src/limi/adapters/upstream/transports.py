"""How a request reaches upstream. Two ways, so that the sandbox inside this process needs no socket to itself."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError
from pyreqwest.http import Url
from pyreqwest.response import Response

__all__ = ["OPENAI_URL", "ASGITransport", "Answer", "HTTPTransport", "Transport", "TransportError"]

ASGIApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]

OPENAI_URL: Final = "https://api.openai.com/v1"

_THREAD_ENDS_SECONDS: Final = 0.1
"""pyreqwest's own thread still holds Python objects for a moment after `close`. An interpreter that ends in that
moment aborts ("PyGILState_Release: thread state must be current"; seen in 8 of 25 runs with 0.15.1, and in none
with 50 ms). It can go when a release of pyreqwest joins its thread."""

_KEPT_HEADERS: Final = ("retry-after-ms", "retry-after", "date")


class TransportError(Exception):
    """No whole answer came; `timed_out` says whether that was for lack of time."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class Answer:
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


class HTTPTransport:
    """Keeps connections to one server alive and reads at most `max_bytes` of an answer."""

    def __init__(self, *, base_url: str, timeout_seconds: float, max_bytes: int, user_agent: str) -> None:
        # Parsed once per path; there are two of them.
        self._url = lru_cache(maxsize=16)(lambda path: Url(base_url + path))
        self._max_bytes = max_bytes
        self._client = _build_client(base_url, timeout_seconds, user_agent)

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send by HTTP; redirects are not followed, because the key must go nowhere else."""
        try:
            request = self._client.request(method, self._url(path)).headers(headers).body_bytes(body)
        except ValueError:
            # The cause is dropped on purpose: it quotes the header that cannot be sent, which may hold the key.
            raise TransportError("no request can be made of this URL and these headers") from None
        try:
            async with request.build_streamed() as response:
                content = await response.body_reader.read(self._max_bytes + 1)
                found = {name: value for name in _KEPT_HEADERS if (value := _header(response, name))}
                answer = Answer(response.status, content.to_bytes() if content else b"", found)
        except TimeoutError as exc:
            reason = "no whole answer in time"
            raise TransportError(reason, timed_out=True) from exc
        except PyreqwestError as exc:
            # The class says what failed; the message may hold the URL, which belongs to the operator alone.
            raise TransportError(type(exc).__name__) from exc
        if len(answer.body) > self._max_bytes:
            reason = f"an answer of more than {self._max_bytes} bytes"
            raise TransportError(reason)
        return answer

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()
        await asyncio.sleep(_THREAD_ENDS_SECONDS)


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


def _build_client(base_url: str, timeout_seconds: float, user_agent: str) -> Client:
    builder = (
        ClientBuilder()
        .timeout(timedelta(seconds=timeout_seconds))
        .user_agent(user_agent)
        .follow_redirects(enable=False)
        .error_for_status(enable=False)
        # A secret is 1.2 KB: to ask for it compressed costs more than it saves.
        .gzip(enable=False)
        .brotli(enable=False)
        .zstd(enable=False)
        .deflate(enable=False)
    )
    if _is_loopback(base_url):
        builder = builder.no_proxy()
    return builder.build()


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _header(response: Response, name: str) -> str | None:
    try:
        return response.get_header(name)
    except ValueError:
        # Bytes that are no text tell nothing, and an answer is not refused for a header that is only a hint.
        return None


def _collect(sent: list[MutableMapping[str, Any]]) -> Answer:
    start, *rest = sent
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], b"".join(message.get("body", b"") for message in rest), headers)
