"""One worker as its supervisor sees it: a process, and what the two tell each other."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from limi.adapters.telemetry.totals import Snapshot
from limi.cli.worker_link import sockets_argument
from limi.cli.worker_messages import Channel, Counted, FromWorker, Gather, Ready, Retire, Tell, Total

__all__ = ["WorkerProcess"]

_COUNT_SECONDS: Final = 3.0
"""Longest wait for what a worker has counted, below what the one that asks waits for all. One that is too busy to
say is taken for what it said last, so that no sum ever falls."""


class WorkerProcess:
    """A worker that was started."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        channel: "Channel[FromWorker]",
        *,
        gather: "Callable[[WorkerProcess], Awaitable[Snapshot]]",
    ) -> None:
        self._process = process
        self._channel = channel
        self._gather = gather
        self._born = time.monotonic()
        self._told = asyncio.Event()
        self._answering: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()
        """Set when it answers requests."""
        self.facts: dict[str, str] = {}
        """What the start line says, once it is ready."""
        self.counted: Snapshot = ()
        """What it said last that it had counted."""
        self._life = asyncio.create_task(self._live(), name=f"worker {process.pid}")

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        listener: socket.socket,
        *,
        gather: "Callable[[WorkerProcess], Awaitable[Snapshot]]",
    ) -> "WorkerProcess":
        """Start `command`, which inherits `listener`.

        Args:
            command: what to run, but for the option that names the sockets.
            listener: where it accepts connections.
            gather: says what all workers have counted, when this one asks.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(*command, "--worker", sockets_argument(listener, theirs)),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(listener.fileno(), theirs.fileno()),
                # Apart from the terminal's group: Ctrl-C is for the supervisor, which ends its workers in order.
                start_new_session=True,
            )
        return cls(process, await Channel.of_supervisor(ours), gather=gather)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Say whether it has, and everything it said was heard."""
        return self._life.done()

    def age_seconds(self) -> float:
        """Return how long ago it was started."""
        return time.monotonic() - self._born

    async def ended(self) -> int:
        """Wait for its end, which cancelling does not cut short, and return the exit code."""
        await asyncio.shield(self._life)
        return self._process.returncode or 0

    async def count(self) -> Snapshot:
        """Ask what it has counted; return what it said last where it does not say in time."""
        self._told.clear()
        self._channel.send(Tell())
        with suppress(TimeoutError):
            async with asyncio.timeout(_COUNT_SECONDS):
                await self._told.wait()
        return self.counted

    def retire(self) -> None:
        """Tell it to end, since another has taken its place."""
        self._channel.send(Retire())

    def terminate(self) -> None:
        """Tell it to end with the whole server."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def _live(self) -> None:
        """Hear what it says until it has ended."""
        while (message := await self._channel.receive()) is not None:
            self._hear(message)
        await self._process.wait()
        # Whoever waits for its counts waits no longer.
        self._told.set()
        if self._answering is not None:
            self._answering.cancel()
        await self._channel.close()

    def _hear(self, message: FromWorker) -> None:
        match message:
            case Ready():
                self.facts = message.facts
                self.ready.set()
            case Counted():
                self.counted = message.snapshot
                self._told.set()
            case Gather():
                self.counted = message.snapshot
                # It asks again only when it was answered, or has given the answer up.
                if self._answering is None or self._answering.done():
                    self._answering = asyncio.create_task(self._answer(), name=f"metrics for worker {self.pid}")

    async def _answer(self) -> None:
        self._channel.send(Total(await self._gather(self)))
