"""The parts of a data channel that need no WebRTC library: what fits into a message, and what waits to be read."""

import asyncio
from collections import deque
from typing import Any, Final

import msgspec

from limi.protocol import IdKind, NewId

__all__ = ["MAX_MESSAGE_BYTES", "Inbox", "fit_message"]

MAX_MESSAGE_BYTES: Final = 262_144
"""The largest message of a data channel in Chromium, Firefox and aiortc alike; more is refused by all of them."""
_RETRIEVED: Final = b'{"type":"conversation.item.retrieved"'
_HEAVY: Final = ("audio", "image_url")
"""What makes an item's content large; a client has its own copy, or had no use for it over WebRTC."""


class Inbox:
    """Messages that were received and not worked on yet: bounded, because SCTP delivers whether or not we read."""

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._bytes = 0
        self._messages: deque[str | bytes] = deque()
        self._arrived = asyncio.Event()

    def put(self, message: str | bytes) -> bool:
        """Add a message; False when there is no room for it."""
        if self._bytes + len(message) > self._limit:
            return False
        self._bytes += len(message)
        self._messages.append(message)
        self._arrived.set()
        return True

    async def take(self) -> str | bytes:
        """Return the next message, oldest first."""
        while not self._messages:
            self._arrived.clear()
            await self._arrived.wait()
        message = self._messages.popleft()
        self._bytes -= len(message)
        return message


def fit_message(event: bytes, *, most_bytes: int, new_id: NewId) -> bytes:
    """Return an event as it may travel on a data channel whose client takes `most_bytes` at a time.

    A retrieved item has its transcript only, as upstream's has on WebRTC (openai-agents-js, issue 533). An event
    that is too large loses sound and images as well; one that is too large even so is replaced by an `error` that
    says so, because its client must not wait for it in vain.
    """
    is_retrieved = event.startswith(_RETRIEVED)
    most_bytes = min(most_bytes, MAX_MESSAGE_BYTES)
    if len(event) <= most_bytes and not is_retrieved:
        return event
    members: dict[str, Any] = msgspec.json.decode(event)
    lighter = msgspec.json.encode(_without_heavy_content(members))
    if len(lighter) <= most_bytes:
        return lighter
    message = (
        f"An event of type '{members.get('type')}' has {len(event)} bytes, and this data channel carries "
        f"{most_bytes} at most. A sideband socket of the call gets it whole."
    )
    error = {"type": "server_error", "code": "event_too_large", "message": message, "param": None}
    return msgspec.json.encode(
        {"type": "error", "event_id": new_id(IdKind.EVENT), "error": {**error, "event_id": None}}
    )


def _without_heavy_content(members: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(members, list):
        return [_without_heavy_content(member) for member in members]
    if not isinstance(members, dict):
        return members
    # `audio` is also the name of settings, which are objects.
    return {
        name: _without_heavy_content(value)
        for name, value in members.items()
        if not (name in _HEAVY and isinstance(value, str))
    }
