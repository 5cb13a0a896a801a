"""Sliding windows that all processes share, and what each does alone while Redis cannot be used.

Requests that come while a call is under way wait for the next, so that one script call decides about all of them:
the busier the process, the more share a round trip, and an idle one loses nothing.

Failing open or closed: neither. A process that loses Redis counts by itself and admits its share, the limit
divided by the number of processes, for at least one window. At most twice the limit then passes in any 60 seconds:

- Redis lets at most the limit pass, as long as it knows all that it admitted.
- All processes' shares together are at most the limit. Each keeps its own log from one loss to the next.
- A Redis that may have forgotten (restarted, emptied, or another server in its place) is not asked until it has
  been there for a whole window, when all that was admitted before it is past. The script finds that out, in every
  call.

A limit below the number of processes admits nothing meanwhile: one each would break that bound.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Final, Protocol

import structlog

from limi.adapters.redis.connection import RedisUnavailableError, Script
from limi.adapters.redis.window_script import ADMIT, LIFE_KEY, decode_decisions, encode_batch
from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.model import WINDOW_SECONDS, Decision, Window
from limi.kernel.clock import Clock

__all__ = ["RedisWindowStore", "ScriptRunner"]

_log = structlog.get_logger()

_MOST_IN_A_CALL: Final = 128
"""Requests decided by one script call: some 150 µs of the server's time, in which it serves nobody else."""
_PROBE_SECONDS: Final = 1.0
"""Between two looks at a Redis that was lost."""
_EMPTY_BATCH: Final = b"\x90"
"""An empty list in MessagePack."""
_YOUNG: Final = "it has not been there for a minute"


class ScriptRunner(Protocol):
    """Runs scripts on a server."""

    async def run(
        self,
        script: Script,
        keys: Sequence[bytes],
        arguments: Sequence[bytes] = (),
        *,
        timeout_seconds: float | None = None,
    ) -> object:
        """Return the script's answer, or raise RedisUnavailableError."""

    async def close(self) -> None:
        """Close what is open."""


class RedisWindowStore:
    """Implements the limiter's store over one connection of its own."""

    def __init__(
        self,
        *,
        connection: ScriptRunner,
        processes: int,
        max_keys: int,
        clock: Clock,
        probe_timeout_seconds: float,
        server_time: bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare, without connecting.

        Args:
            connection: where Redis is; nobody else may use it, as a waiting call would hold up a mint.
            processes: how many share the limits, on all machines together.
            max_keys: windows remembered while this process counts by itself.
            clock: this process's time.
            probe_timeout_seconds: longest wait for an answer when no request depends on it.
            server_time: whether windows are measured by Redis's clock, which all processes share. A test that lets
                time pass without waiting has them measured by `clock`.
            sleep: waits between two looks at a Redis that was lost.
        """
        self._connection = connection
        self._processes = processes
        self._alone = InMemoryWindowStore(clock=clock, max_keys=max_keys)
        self._clock = clock
        self._probe_timeout_seconds = probe_timeout_seconds
        self._server_time = server_time
        self._sleep = sleep
        self._waiting: deque[tuple[Sequence[Window], asyncio.Future[Decision]]] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._lost_at: float | None = None
        self._said = False
        self.shared = False
        """Whether Redis decides now."""
        self.losses = 0
        """How often it stopped deciding since the start."""

    async def start(self) -> None:
        """Find Redis if it is there, and stay in touch from now on."""
        try:
            await self._probe()
        except RedisUnavailableError as exc:
            self._lose(exc.reason)
        self._task = asyncio.create_task(self._run(), name="redis limits")

    async def stop(self) -> None:
        """Close the connection; who still waits is decided about in this process."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self.shared = False
        await self._decide_alone()
        await self._connection.close()

    async def admit(self, windows: Sequence[Window]) -> Decision:
        """Count the request in every window, or in none when one of them is full."""
        if not windows:
            msg = "a request is counted in at least one window"
            raise ValueError(msg)
        if not self.shared:
            return await self._admit_alone(windows)
        # As many wait as there are requests in progress, so the server's bound on connections is this queue's.
        decided: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._waiting.append((windows, decided))
        self._wake.set()
        return await decided

    async def _run(self) -> None:
        while True:
            try:
                if self.shared:
                    await self._decide_together()
                else:
                    await self._sleep(_PROBE_SECONDS)
                    await self._probe()
            except RedisUnavailableError as exc:
                self._lose(exc.reason)
            except Exception as exc:  # noqa: BLE001 - whatever it was, nobody may wait for ever for a decision
                self._lose(type(exc).__name__)
            finally:
                if not self.shared:
                    await self._decide_alone()

    async def _decide_together(self) -> None:
        """Wait for requests, and have one call decide about those that are there."""
        await self._wake.wait()
        batch = [entry for entry in islice(self._waiting, _MOST_IN_A_CALL) if not entry[1].done()]
        if batch:
            keys, written = encode_batch([windows for windows, _ in batch])
            answer = await self._connection.run(ADMIT, keys, (self._time(), written))
            age_seconds, decisions = decode_decisions(answer, len(batch))
            if age_seconds < WINDOW_SECONDS:
                raise RedisUnavailableError(_YOUNG)
            for (_, decided), decision in zip(batch, decisions, strict=True):
                if not decided.done():
                    decided.set_result(decision)
        # Those decided about, and those who went away; they stayed in the queue for the case that the call failed.
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
        if not self._waiting:
            self._wake.clear()

    async def _probe(self) -> None:
        """Let Redis decide, if it has known everything for a window and this process has waited one."""
        answer = await self._connection.run(
            ADMIT,
            [LIFE_KEY],
            (self._time(), _EMPTY_BATCH),
            timeout_seconds=self._probe_timeout_seconds,
        )
        age_seconds, _ = decode_decisions(answer, 0)
        if age_seconds < WINDOW_SECONDS:
            self._say_lost(_YOUNG)
            return
        if self._lost_at is not None and self._clock.monotonic() - self._lost_at < WINDOW_SECONDS:
            return
        self.shared = True
        if self._said:
            _log.info("limits.shared")
        self._said, self._lost_at = False, None

    def _lose(self, reason: str) -> None:
        self._lost_at = self._clock.monotonic()
        if self.shared:
            self.shared = False
            self.losses += 1
        self._say_lost(reason)

    def _say_lost(self, reason: str) -> None:
        if not self._said:
            self._said = True
            _log.warning("limits.alone", reason=reason, share=f"1/{self._processes}")

    async def _decide_alone(self) -> None:
        while self._waiting:
            windows, decided = self._waiting.popleft()
            if not decided.done():
                decided.set_result(await self._admit_alone(windows))
        self._wake.clear()

    async def _admit_alone(self, windows: Sequence[Window]) -> Decision:
        shares = [Window(window.key, window.limit // self._processes) for window in windows]
        for share in shares:
            if share.limit == 0:
                return Decision(admitted=False, limit=0, remaining=0, reset_seconds=WINDOW_SECONDS)
        return await self._alone.admit(shares)

    def _time(self) -> bytes:
        """Return the time for the script in microseconds; nothing where the server is to look at its own clock."""
        return b"" if self._server_time else b"%d" % round(self._clock.monotonic() * 1_000_000)
