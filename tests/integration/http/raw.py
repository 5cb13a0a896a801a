"""Requests byte by byte, for what no client library would send."""

import asyncio
from dataclasses import dataclass

__all__ = ["HANDSHAKE", "Answer", "exchange"]

HANDSHAKE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 when the connection was closed without a word."""

    status: int
    headers: dict[str, str]
    body: bytes


async def exchange(address: tuple[str, int], request: bytes) -> Answer:
    """Send the bytes, then read one answer."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request)
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    except (asyncio.IncompleteReadError, ConnectionError):
        return Answer(0, {}, b"")
    else:
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        length = 0 if request.startswith(b"HEAD") else int(headers.get("content-length", "0"))
        return Answer(int(first.split()[1]), headers, await reader.readexactly(length))
    finally:
        writer.transport.abort()
