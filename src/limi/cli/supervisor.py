"""The process that several workers belong to: it starts them, restarts them, adds up what they count, ends them.

The workers accept connections from one listening socket, which the supervisor made and keeps: while a worker dies
or is replaced, connections wait in the socket's queue and another worker takes them. The supervisor answers no
request and holds no secret but those of its settings, which the workers read again where it read them.

uvicorn has a supervisor too. Its workers get the application by pickling, which secrets refuse, and when one is
replaced it takes leave of idle connections before it has told anybody to stop using them.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from socket import socket
from typing import Final

import structlog

from limi.adapters.telemetry.totals import Snapshot, add_up, counter, gauge, lasting
from limi.cli.worker_process import WorkerProcess

__all__ = ["Supervisor", "supervise"]

_log = structlog.get_logger()

_SHORT_LIFE_SECONDS: Final = 10.0
"""A worker that lived no longer would probably not live longer the next time."""
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
"""Pause before such a worker is started again; it doubles each time, so that a fault costs no processor."""


class Supervisor:
    """Keeps `count` workers running until a signal says stop."""

    def __init__(
        self,
        *,
        command: Sequence[str],
        listener: socket,
        count: int,
        stop_seconds: float,
        announce: Callable[[dict[str, str]], None],
    ) -> None:
        """Keep the parts; nothing runs before `run`.

        Args:
            command: how a worker is started, but for the sockets it inherits.
            listener: where they listen; it is closed at the stop.
            count: how many of them.
            stop_seconds: how long a worker may take to end before it is killed.
            announce: is told the facts of the start line once all answer.
        """
        self._command = command
        self._listener = listener
        self._count = count
        self._stop_seconds = stop_seconds
        self._announce = announce
        self._workers: set[WorkerProcess] = set()
        self._counted: Snapshot = ()
        self._restarts = 0
        self._pause = _FIRST_PAUSE_SECONDS

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT; SIGHUP replaces each worker by a new one. Return the exit code.

        A start that fails ends everything: its reason would be the same the next time, and stands in the log.
        """
        self._stopping = asyncio.Event()
        self._renewing = asyncio.Event()
        with self._signals():
            try:
                code = await self._start_all()
                if code is None and not self._stopping.is_set():
                    await self._keep_all()
                return code or 0
            finally:
                self._listener.close()
                await self._end_all()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        handlers = {
            signal.SIGTERM: self._stopping.set,
            signal.SIGINT: self._stopping.set,
            signal.SIGHUP: self._renewing.set,
        }
        for number, handle in handlers.items():
            loop.add_signal_handler(number, handle)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    async def _start_all(self) -> int | None:
        """Start the workers; return the exit code of one that could not, else None.

        The first one alone: it migrates the database, and what is wrong with the settings is said once.
        """
        for count in (1, self._count - 1):
            started = [await self._start() for _ in range(count)]
            for worker in started:
                if not await self._is_ready(worker) and not self._stopping.is_set():
                    return await worker.ended() or 1
        if not self._stopping.is_set():
            first = next(iter(self._workers))
            self._announce({**first.facts, "workers": str(self._count)})
        return None

    async def _start(self) -> WorkerProcess:
        worker = await WorkerProcess.start(self._command, self._listener, gather=self._total)
        self._workers.add(worker)
        return worker

    async def _is_ready(self, worker: WorkerProcess) -> bool:
        """Wait until `worker` answers requests; False when it ended before, or everything is to end."""
        await _first_of(worker.ready.wait(), worker.ended(), self._stopping.wait())
        return worker.ready.is_set()

    async def _keep_all(self) -> None:
        while not self._stopping.is_set():
            await _first_of(
                self._stopping.wait(), self._renewing.wait(), *(worker.ended() for worker in self._workers)
            )
            for worker in [worker for worker in self._workers if worker.has_ended]:
                await self._replace_dead(worker)
            if self._renewing.is_set():
                self._renewing.clear()
                await self._renew()

    async def _replace_dead(self, worker: WorkerProcess) -> None:
        code = await worker.ended()
        self._bury(worker)
        if self._stopping.is_set():
            return
        self._restarts += 1
        _log.error("worker.died", pid=worker.pid, exit_code=code, restarts=self._restarts)
        if worker.age_seconds() < _SHORT_LIFE_SECONDS:
            await _first_of(self._stopping.wait(), asyncio.sleep(self._pause))
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        else:
            self._pause = _FIRST_PAUSE_SECONDS
        if not self._stopping.is_set():
            await self._start()

    async def _renew(self) -> None:
        """Replace the workers one after another; a new one that does not start leaves the old ones in place."""
        for old in list(self._workers):
            new = await self._start()
            if not await self._is_ready(new):
                if not self._stopping.is_set():
                    _log.error("workers.renewal_failed", exit_code=await new.ended())
                self._bury(new)
                return
            old.retire()
            if not await self._ends(old):
                old.kill()
            await old.ended()
            self._bury(old)
        _log.warning("workers.renewed", workers=self._count)

    async def _end_all(self) -> None:
        for worker in self._workers:
            worker.terminate()
        await asyncio.gather(*(self._end(worker) for worker in self._workers))

    async def _end(self, worker: WorkerProcess) -> None:
        if not await self._ends(worker):
            _log.error("worker.killed", pid=worker.pid, after_seconds=self._stop_seconds)
            worker.kill()
        await worker.ended()

    async def _ends(self, worker: WorkerProcess) -> bool:
        """Wait for the end of `worker`, as long as it may take."""
        await _first_of(worker.ended(), asyncio.sleep(self._stop_seconds))
        return worker.has_ended

    def _bury(self, worker: WorkerProcess) -> None:
        """Forget `worker`, but not what it counted."""
        self._workers.discard(worker)
        self._counted = add_up([self._counted, lasting(worker.counted)])

    async def _total(self, asking: WorkerProcess) -> Snapshot:
        """Return what all workers have counted, those that ended included."""
        others = [worker for worker in self._workers if worker is not asking and worker.ready.is_set()]
        counted = await asyncio.gather(*(worker.count() for worker in others))
        own = (
            gauge("limi_workers", "Server processes that answer requests.", len(others) + 1),
            counter("limi_worker_restarts", "Server processes that died and were replaced.", self._restarts),
        )
        return add_up([asking.counted, *counted, self._counted, own])


async def _first_of(*awaitables: Awaitable[object]) -> None:
    """Return when one of them is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def supervise(
    arguments: Sequence[str],
    listener: socket,
    *,
    count: int,
    stop_seconds: float,
    announce: Callable[[dict[str, str]], None],
) -> int:
    """Run workers, started by `limi` with `arguments`, until a signal says stop; return the exit code."""
    # -P: the folder it is started in is where the operator keeps data, and no place to import from.
    command = [sys.executable, "-P", "-m", "limi", *arguments]
    supervisor = Supervisor(
        command=command, listener=listener, count=count, stop_seconds=stop_seconds, announce=announce
    )
    return asyncio.run(supervisor.run())
