"""The brain that asks a chat endpoint: Ollama, vLLM, llama.cpp or whatever else speaks OpenAI's chat completions.

Nothing is retried: a caller waits for the answer now, and hears of a failure at once. Cancelling closes the
connection, which is how these servers learn that nobody listens any more.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from limi.kernel.secret import Secret
from limi.protocol import GenerationRequest, Modality
from limi.sandbox.answering.brain import BrainError, CallFunction, Reply, Say, sorry_not_understood
from limi.sandbox.answering.chat.messages import chat_body
from limi.sandbox.answering.chat.sentences import SentenceCutter, TextPieces
from limi.sandbox.answering.chat.stream import ChatStream, StreamError, error_text
from limi.sandbox.answering.chat.thoughts import ThoughtFilter

if TYPE_CHECKING:
    import httpx2

__all__ = ["ChatBrain", "ChatEndpoint", "ChatUnavailableError"]

_ERROR_BYTES: Final = 16 * 1024
"""What is read of an error's body or a list of models."""
_OK: Final = 200


class ChatUnavailableError(Exception):
    """The HTTP client that a chat endpoint is asked with is not installed."""

    def __init__(self) -> None:
        super().__init__("httpx2 is not installed; install limi[brain] to ask a chat endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatEndpoint:
    """Where a chat model is reached, and how patient to be with it."""

    base_url: str
    """What `/chat/completions` is added to, such as `http://127.0.0.1:11434/v1`."""
    model: str | None = None
    """The model's name; None takes the first that the server lists."""
    api_key: Secret | None = None
    """Sent as a bearer token, where the server wants one."""
    connect_seconds: float = 5.0
    """A server that takes no connection for so long is not there."""
    first_seconds: float = 120.0
    """How long the answer may take to begin: a local server may have to load the model from disk first, and some
    send their headers, or comments that keep the connection alive, long before the first word."""
    pause_seconds: float = 30.0
    """How long it may falter: a large model on a small machine still writes a word in a second or two."""
    max_line_bytes: int = 256 * 1024
    """The longest line of the stream; a piece of an answer has some hundred bytes."""
    max_body_bytes: int = 4 * 1024 * 1024
    """The most that is read of one answer, some 20,000 words in their wrapping."""
    max_connections: int = 128
    """As many as the sandbox has sessions by default; one more waits for its turn."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("base_url: must begin with http:// or https:// and name a host")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("base_url: must have no user name, password, query or fragment")
        for name in ("connect_seconds", "first_seconds", "pause_seconds", "max_line_bytes", "max_body_bytes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: must be above 0, not {getattr(self, name)}")


class ChatBrain:
    """Answers with what a chat endpoint says."""

    def __init__(self, endpoint: ChatEndpoint) -> None:
        """Make a brain; nothing is connected before the first answer.

        Raises:
            ChatUnavailableError: When httpx2 is missing.
        """
        try:
            import httpx2  # noqa: PLC0415 - an optional dependency
        except ImportError as error:
            raise ChatUnavailableError from error
        self._http = httpx2
        self._endpoint = endpoint
        self._url = endpoint.base_url.rstrip("/")
        self._model = endpoint.model
        self._client = _make_client(endpoint)

    async def reply(self, request: GenerationRequest) -> AsyncGenerator[Reply, None]:
        """Yield the answer; see `Brain.reply`.

        Raises:
            BrainError: With `brain_unreachable`, `brain_timed_out`, `brain_refused` or `brain_failed`.
        """
        if (sorry := sorry_not_understood(request)) is not None:
            yield Say(sorry)
            return
        body = chat_body(request, model=await self._model_name())
        stream = ChatStream(line_bytes=self._endpoint.max_line_bytes, body_bytes=self._endpoint.max_body_bytes)
        async with aclosing(self._words(body, stream)) as words:
            async for say in _said(words, request.modality):
                yield say
        for call in _calls(stream, request):
            yield call

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _model_name(self) -> str:
        if self._model is None:
            async with self._asked("GET", "/models") as response:
                listed = await self._beginning(response)
            try:
                self._model = str(msgspec.json.decode(listed)["data"][0]["id"])
            except (msgspec.DecodeError, LookupError, TypeError):
                raise BrainError("brain_failed", "The chat server lists no models; name one.") from None
        return self._model

    async def _words(self, body: Mapping[str, Any], stream: ChatStream) -> AsyncGenerator[str, None]:
        begins_by = asyncio.get_running_loop().time() + self._endpoint.first_seconds
        thoughts = ThoughtFilter()
        async with self._asked("POST", "/chat/completions", body) as response:
            chunks = response.aiter_raw()
            while not stream.is_done:
                with self._failures():
                    async with self._patience(stream, begins_by):
                        chunk = await anext(chunks, b"")
                if not chunk:
                    break
                with _stream_errors():
                    words = list(stream.receive(chunk))
                for piece in filter(None, map(thoughts.add, words)):
                    yield piece
        if rest := thoughts.rest():
            yield rest

    def _patience(self, stream: ChatStream, begins_by: float) -> asyncio.Timeout:
        return asyncio.timeout(self._endpoint.pause_seconds) if stream.has_begun else asyncio.timeout_at(begins_by)

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> "AsyncIterator[httpx2.Response]":
        """Send a request and give its answer, which is a good one, before its body is read."""
        request = self._client.build_request(method, self._url + path, json=body)
        with self._failures():
            async with asyncio.timeout(self._endpoint.first_seconds):
                response = await self._client.send(request, stream=True)
        try:
            if response.status_code != _OK:
                raise BrainError("brain_refused", await self._refusal(response))
            yield response
        finally:
            await response.aclose()

    async def _refusal(self, response: "httpx2.Response") -> str:
        said = await self._beginning(response)
        try:
            reason = error_text(msgspec.json.decode(said))
        except msgspec.DecodeError:
            reason = error_text(said.decode(errors="replace"))
        if self._endpoint.api_key is not None:
            # Some servers quote the key that they do not accept.
            reason = reason.replace(self._endpoint.api_key.reveal(), "…")
        return f"The chat server answered {response.status_code}: {reason or 'no reason given'}"

    async def _beginning(self, response: "httpx2.Response") -> bytes:
        said = b""
        with self._failures():
            async with asyncio.timeout(self._endpoint.pause_seconds):
                async for chunk in response.aiter_raw():
                    said += chunk
                    if len(said) >= _ERROR_BYTES:
                        break
        return said[:_ERROR_BYTES]

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn what goes wrong on the way into a `BrainError`; it does not tell the URL, the operator's own."""
        http = self._http
        try:
            yield
        except (http.ConnectError, http.ConnectTimeout) as error:
            message = "The chat server cannot be reached; is it running?"
            raise BrainError("brain_unreachable", message) from error
        except (TimeoutError, http.TimeoutException) as error:
            raise BrainError("brain_timed_out", "The chat server took too long to answer.") from error
        except (http.HTTPError, http.StreamError) as error:
            message = f"The connection to the chat server broke: {type(error).__name__}."
            raise BrainError("brain_failed", message) from error


def _make_client(endpoint: ChatEndpoint) -> "httpx2.AsyncClient":
    import httpx2  # noqa: PLC0415 - as above

    headers = {"accept": "text/event-stream", "accept-encoding": "identity"}
    if endpoint.api_key is not None:
        headers["authorization"] = f"Bearer {endpoint.api_key.reveal()}"
    # Reading is timed by this module: the first byte may take longer than the next.
    timeout = httpx2.Timeout(None, connect=endpoint.connect_seconds, write=endpoint.pause_seconds)
    return httpx2.AsyncClient(
        headers=headers,
        timeout=timeout,
        limits=httpx2.Limits(max_connections=endpoint.max_connections, max_keepalive_connections=8),
        # Redirects are not followed, because the key must go nowhere else.
        follow_redirects=False,
        # A proxy named in the environment does not know this machine's own servers.
        trust_env=not _is_loopback(endpoint.base_url),
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


async def _said(words: AsyncIterator[str], modality: Modality) -> AsyncIterator[Say]:
    """Yield what is to be said: sentences for a voice, the very pieces for a reader."""
    if modality is Modality.TEXT:
        pieces = TextPieces()
        async for piece in words:
            for space, text in pieces.add(piece):
                yield Say(text, before=space)
        return
    cutter = SentenceCutter()
    async for piece in words:
        for sentence in cutter.add(piece):
            yield Say(sentence)
    if rest := cutter.rest():
        yield Say(rest)


def _calls(stream: ChatStream, request: GenerationRequest) -> Iterator[CallFunction]:
    with _stream_errors():
        calls = stream.end()
    known = {tool.name for tool in request.tools}
    for call in calls:
        if call.name not in known:
            message = f"The chat model called {call.name[:64]!r}, which is not among the session's tools."
            raise BrainError("brain_failed", message)
        yield CallFunction(call.name, call.arguments)


@contextmanager
def _stream_errors() -> Iterator[None]:
    try:
        yield
    except StreamError as error:
        raise BrainError("brain_failed", f"The chat server's stream cannot be used: {error}.") from error
