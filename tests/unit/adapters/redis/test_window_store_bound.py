"""Whatever happens to Redis, whenever and to whom: no minute holds more than twice the limit.

Redis is a model of what the script does, so that many histories can be lived through: it dies with its data, is
emptied, and cannot be reached by some. tests/contract/test_window_store.py has the script itself.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from limi.adapters.redis.connection import RedisUnavailableError, Script
from limi.adapters.redis.window_store import RedisWindowStore
from limi.features.rate_limits.model import Window
from limi.testing import VirtualClock

PROCESSES, LIMIT = 3, 12
MINUTE = 60_000_000


@dataclass
class Model:
    """What the script does, for one window."""

    up: bool = True
    since: int | None = 0
    admissions: deque[int] = field(default_factory=deque)

    def forget(self) -> None:
        self.since = None
        self.admissions.clear()

    def run(self, now: int, requests: list[list[int]]) -> list[int]:
        self.since = now if self.since is None else self.since
        answer = [now - self.since]
        if now - self.since < MINUTE:
            return answer
        while self.admissions and self.admissions[0] <= now - MINUTE:
            self.admissions.popleft()
        for _, limit in requests:
            passes = len(self.admissions) < limit
            self.admissions.extend([now] * passes)
            answer += (int(passes), limit, limit - len(self.admissions), 0)
        return answer


@dataclass
class Wire:
    """One process's way to it."""

    redis: Model
    cut: bool = False

    async def run(
        self,
        script: Script,
        keys: Sequence[bytes],
        arguments: Sequence[bytes] = (),
        *,
        timeout_seconds: float | None = None,
    ) -> object:
        del script, keys, timeout_seconds
        if self.cut or not self.redis.up:
            raise RedisUnavailableError("gone")
        return self.redis.run(int(arguments[0]), msgspec.msgpack.decode(arguments[1]))

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Step:
    """What happens, then a pause, then seconds in which so many ask at each of these processes."""

    event: str
    process: int
    pause: int
    seconds: int
    asks: int
    asking: frozenset[int]


STEPS = st.lists(
    st.builds(
        Step,
        event=st.sampled_from(["empty", "cut", "mend", "die", "come back"]),
        process=st.integers(0, PROCESSES - 1),
        pause=st.sampled_from([0, 0, 58]),
        seconds=st.integers(1, 2),
        asks=st.sampled_from([LIMIT, LIMIT // 2, 0]),
        asking=st.frozensets(st.integers(0, PROCESSES - 1)),
    ),
    min_size=1,
    max_size=10,
)


def _happen(step: Step, redis: Model, wires: Sequence[Wire]) -> None:
    match step.event:
        case "die":
            redis.up = False
            redis.forget()
        case "come back":
            redis.up = True
        case "empty":
            redis.forget()
        case "cut":
            wires[step.process].cut = True
        case "mend":
            wires[step.process].cut = False


async def _live(steps: Sequence[Step]) -> None:
    clock, redis = VirtualClock(), Model()
    wires = [Wire(redis) for _ in range(PROCESSES)]
    passed: deque[float] = deque()
    async with AsyncExitStack() as stack:
        stores = []
        for wire in wires:
            store = RedisWindowStore(
                connection=wire,
                processes=PROCESSES,
                max_keys=10,
                clock=clock,
                probe_timeout_seconds=1,
                server_time=False,
                sleep=clock.sleep,
            )
            await store.start()
            stack.push_async_callback(store.stop)
            stores.append(store)
        for step in steps:
            _happen(step, redis, wires)
            await clock.advance(step.pause)
            for _ in range(step.seconds):
                await clock.advance(1)
                asking = [stores[number] for number in sorted(step.asking) for _ in range(step.asks)]
                for decision in await asyncio.gather(*(s.admit([Window("caller", LIMIT)]) for s in asking)):
                    passed.extend([clock.monotonic()] * decision.admitted)
                while passed and passed[0] <= clock.monotonic() - 60:
                    passed.popleft()
                assert len(passed) <= 2 * LIMIT


@settings(max_examples=100)
@given(steps=STEPS)
def test_no_minute_holds_more_than_twice_the_limit(steps: list[Step]) -> None:
    asyncio.run(_live(steps))
