"""An HTTP answer of which half is lost: cut short as if that were all, or broken off."""

from limi.sandbox.transports.websocket import Message, Send

__all__ = ["HalfResponse"]


class HalfResponse:
    """Gathers an answer and sends the first half of its body; the sandbox's answers are a few kilobytes long."""

    def __init__(self, send: Send, *, is_complete: bool) -> None:
        """Prepare for an answer.

        Args:
            send: Where it goes.
            is_complete: Whether the client is told that the half is all; otherwise the server, which was promised
                more, cuts the connection.
        """
        self._send = send
        self._is_complete = is_complete
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False) and self._start is not None:
            await self._send_half(self._start)

    async def _send_half(self, start: Message) -> None:
        half = self._body[: len(self._body) // 2]
        length = len(half if self._is_complete else self._body)
        headers = [(name, value) for name, value in start.get("headers", ()) if name != b"content-length"]
        await self._send({**start, "headers": [*headers, (b"content-length", str(length).encode())]})
        await self._send({"type": "http.response.body", "body": half, "more_body": not self._is_complete})
