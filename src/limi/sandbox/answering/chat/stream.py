"""Reads a streamed chat completion: bytes go in, words and calls come out.

The stream is made of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html); each
holds a piece of the completion as JSON, and the last says `[DONE]`.

Errors::

    StreamError     the stream is not what it should be; the message says what is wrong with it
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

__all__ = ["ChatCall", "ChatStream", "StreamError", "error_text"]

_DONE: Final = b"[DONE]"
_MOST_CALLS: Final = 64
"""More than any model makes at once; a stream could number one of a billion."""
_ERROR_CHARACTERS: Final = 300
"""Enough for a server's sentence, and a response's error stays readable."""


class StreamError(Exception):
    """A stream cannot be understood."""


@dataclass(frozen=True, slots=True)
class ChatCall:
    """A function that the model calls."""

    name: str
    arguments: str


class _Function(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct, frozen=True):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_ToolCall] | None = None

    @property
    def has_anything(self) -> bool:
        """Whether it tells more than who speaks; thoughts, which are not told, show that a model is at work."""
        return bool(self.content or self.refusal or self.reasoning or self.reasoning_content or self.tool_calls)


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct, frozen=True):
    choices: list[_Choice] = msgspec.field(default_factory=list)
    object: str | None = None
    error: Any = None
    message: Any = None


@dataclass(slots=True)
class _Pending:
    index: int | None
    id: str | None
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ChatStream:
    """One completion in the making."""

    def __init__(self, *, line_bytes: int, body_bytes: int) -> None:
        """Begin.

        Args:
            line_bytes: The longest line that is taken.
            body_bytes: The most that is taken altogether.
        """
        self._line_bytes = line_bytes
        self._left = body_bytes
        self._body_bytes = body_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._calls: list[_Pending] = []
        self._decoder = msgspec.json.Decoder(_Chunk)
        self.is_done = False
        """Whether the completion is whole; what comes after that is ignored."""
        self.has_begun = False
        """Whether there was anything of an answer yet; comments that keep a connection alive are nothing of it."""

    def receive(self, chunk: bytes) -> Iterator[str]:
        """Yield the words that came with some bytes, as they came.

        Raises:
            StreamError: When the stream breaks a rule or a bound, or holds an error of the server's.
        """
        self._left -= len(chunk)
        if self._left < 0:
            raise StreamError(f"it is longer than {self._body_bytes} bytes")
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if max(map(len, (*lines, self._rest))) > self._line_bytes:
            raise StreamError(f"it has a line of more than {self._line_bytes} bytes")
        for line in lines:
            yield from self._line(line.removesuffix(b"\r"))

    def end(self) -> Sequence[ChatCall]:
        """Take note that no more comes, and return the functions called.

        Raises:
            StreamError: When the completion is not whole, or calls a function without a name.
        """
        if not self.is_done:
            raise StreamError("it ended before the answer did")
        if any(not call.name for call in self._calls):
            raise StreamError("it calls a function without a name")
        return [ChatCall(call.name, "".join(call.arguments) or "{}") for call in self._calls]

    def _line(self, line: bytes) -> Iterator[str]:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            yield from self._event(data)
        # Comments keep a connection alive, and the other fields of an event have no meaning here.

    def _event(self, data: bytes) -> Iterator[str]:
        if data.strip() == _DONE:
            self.is_done = True
            return
        try:
            chunk = self._decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StreamError(f"an event is no piece of a chat completion: {error}") from error
        # Older vLLM has the error's members beside the object's type.
        complaint = chunk.message if chunk.object == "error" and chunk.error is None else chunk.error
        if complaint is not None:
            raise StreamError(f"the server broke it off: {error_text(complaint)}")
        for choice in chunk.choices[:1]:
            if choice.delta is not None:
                self.has_begun = self.has_begun or choice.delta.has_anything
                yield from filter(None, (choice.delta.content, choice.delta.refusal))
                for call in choice.delta.tool_calls or ():
                    self._call(call)
            # Some servers end the connection here without any [DONE].
            self.is_done = self.is_done or choice.finish_reason is not None

    def _call(self, piece: _ToolCall) -> None:
        pending = self._pending(piece)
        if piece.function is not None:
            pending.name += piece.function.name or ""
            pending.arguments.append(piece.function.arguments or "")

    def _pending(self, piece: _ToolCall) -> _Pending:
        """Return the call that a piece belongs to: some servers number none, some give all the same number."""
        for call in reversed(self._calls):
            if call.index == piece.index and piece.index is not None and piece.id in {None, "", call.id}:
                return call
        if len(self._calls) == _MOST_CALLS:
            raise StreamError(f"it calls more than {_MOST_CALLS} functions")
        self._calls.append(_Pending(piece.index, piece.id))
        return self._calls[-1]


def error_text(error: object) -> str:
    """Return what a server's error says, wherever in it that stands, and not more than a sentence or two."""
    while isinstance(error, dict):
        error = next(
            (error[name] for name in ("error", "message", "detail") if error.get(name)), "no reason given"
        )
    text = error if isinstance(error, str) else msgspec.json.encode(error).decode()
    return " ".join(text.split())[:_ERROR_CHARACTERS]
