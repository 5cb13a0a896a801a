"""A worker's side of what it and its supervisor tell each other."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import Final

from limi.adapters.telemetry.totals import Snapshot
from limi.cli.worker_messages import Channel, Counted, FromSupervisor, Gather, Ready, Retire, Tell, Total

__all__ = ["WorkerLink", "adopt_sockets", "sockets_argument"]

_GATHER_SECONDS: Final = 5.0
"""Longest wait for the others' counts; half of what Prometheus waits for an answer unless told otherwise."""


def sockets_argument(listener: socket.socket, control: socket.socket) -> str:
    """Return how a worker's command line names the two sockets it inherits."""
    return f"{listener.fileno()},{control.fileno()}"


def adopt_sockets(argument: str) -> tuple[socket.socket, socket.socket]:
    """Return the listening and the control socket that `sockets_argument` named.

    Raises:
        ValueError: when these are no two open sockets.
    """
    try:
        listener, control = (socket.socket(fileno=int(part)) for part in argument.split(","))
    except OSError as exc:
        raise ValueError(f"{argument} names no sockets of this process") from exc
    return listener, control


class WorkerLink:
    """Implements `limi.adapters.telemetry.totals.MetricsPool`, and is the server's companion in `run_server`."""

    def __init__(self, *, control: socket.socket) -> None:
        self._control = control
        self._snapshot: Callable[[], Snapshot] = tuple
        self._facts: Mapping[str, str] = {}
        self._channel: Channel[FromSupervisor] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()
        self._total: asyncio.Future[Snapshot] | None = None

    def attach(self, *, snapshot: Callable[[], Snapshot], facts: Mapping[str, str]) -> None:
        """Learn what to tell: what this process has counted, and what the start line says beside the URL."""
        self._snapshot = snapshot
        self._facts = facts

    async def begin(self, url: str, stop: Callable[[bool], None]) -> None:
        """Say that requests are answered at `url`, and do from now on what the supervisor says.

        Args:
            url: where.
            stop: ends the server; its argument says whether others go on answering in its place.
        """
        self._channel = await Channel.of_worker(self._control)
        self._channel.send(Ready({"url": url, **self._facts}))
        self._listening = asyncio.create_task(self._listen(self._channel, stop), name="worker link")

    async def end(self) -> None:
        """Say what was counted in all, and end."""
        if self._channel is None or self._listening is None:
            return
        self._listening.cancel()
        self._channel.send(Counted(self._snapshot()))
        await self._channel.close()

    async def gather(self, own: Snapshot) -> Snapshot:
        """Return what all processes of the server have counted, added up."""
        async with asyncio.timeout(_GATHER_SECONDS), self._asking:
            if self._channel is None:
                return own
            self._total = asyncio.get_running_loop().create_future()
            self._channel.send(Gather(own))
            return await self._total

    async def _listen(self, channel: Channel[FromSupervisor], stop: Callable[[bool], None]) -> None:
        while (message := await channel.receive()) is not None:
            match message:
                case Tell():
                    channel.send(Counted(self._snapshot()))
                case Total():
                    # One that comes after its time has nobody who waits for it.
                    if self._total is not None and not self._total.done():
                        self._total.set_result(message.snapshot)
                case Retire():
                    stop(True)
        # Without a supervisor nobody would restart this process, or end it.
        stop(False)
