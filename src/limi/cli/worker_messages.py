"""What supervisor and worker tell each other, over a pair of sockets that only the two hold.

Each message is its length in four bytes and MessagePack. The end of the stream is a message too: it says that the
other has ended, however that happened.
"""

import asyncio
import socket
from typing import Final, Generic, TypeVar

import msgspec

from limi.adapters.telemetry.totals import Snapshot

__all__ = ["Channel", "Counted", "FromSupervisor", "FromWorker", "Gather", "Ready", "Retire", "Tell", "Total"]

_LENGTH_BYTES: Final = 4
_MOST_BYTES: Final = 16 * 1024 * 1024
"""A snapshot has about 20 KB."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The worker answers requests; `facts` are what the start line says."""

    facts: dict[str, str]


class Counted(msgspec.Struct, frozen=True, tag=True):
    """What the worker has counted: the answer to `Tell`, and its last word."""

    snapshot: Snapshot


class Gather(msgspec.Struct, frozen=True, tag=True):
    """The worker is asked for the metrics and has counted this itself."""

    snapshot: Snapshot


class Tell(msgspec.Struct, frozen=True, tag=True):
    """The worker is to say what it has counted."""


class Total(msgspec.Struct, frozen=True, tag=True):
    """The answer to `Gather`."""

    snapshot: Snapshot


class Retire(msgspec.Struct, frozen=True, tag=True):
    """The worker is to end because another has taken its place: the server itself goes on."""


FromWorker = Ready | Counted | Gather
FromSupervisor = Tell | Total | Retire

_Received = TypeVar("_Received")


class Channel(Generic[_Received]):
    """One end of the pair."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        decoder: "msgspec.msgpack.Decoder[_Received]",
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = decoder

    @classmethod
    async def of_supervisor(cls, end: socket.socket) -> "Channel[FromWorker]":
        """Return the supervisor's end."""
        reader, writer = await asyncio.open_unix_connection(sock=end)
        return Channel(reader, writer, msgspec.msgpack.Decoder(FromWorker))

    @classmethod
    async def of_worker(cls, end: socket.socket) -> "Channel[FromSupervisor]":
        """Return the worker's end."""
        reader, writer = await asyncio.open_unix_connection(sock=end)
        return Channel(reader, writer, msgspec.msgpack.Decoder(FromSupervisor))

    def send(self, message: FromWorker | FromSupervisor) -> None:
        """Send `message` soon; one to whom nobody listens any more is lost."""
        if not self._writer.is_closing():
            body = msgspec.msgpack.encode(message)
            self._writer.write(len(body).to_bytes(_LENGTH_BYTES) + body)

    async def receive(self) -> _Received | None:
        """Return the next message, None when the other has ended."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES))
            if length > _MOST_BYTES:
                return None
            return self._decoder.decode(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError):
            return None

    async def close(self) -> None:
        """Send what has been given to `send`, and end."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return
