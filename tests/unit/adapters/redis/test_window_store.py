"""Who decides about a request, and when; with a server that does what a test says."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest
from structlog.testing import capture_logs

from limi.adapters.redis.connection import RedisUnavailableError, Script
from limi.adapters.redis.window_store import RedisWindowStore
from limi.features.rate_limits.model import Window
from limi.testing import VirtualClock

OLD = 3_600_000_000


class Server:
    """Admits everything, one call after the other, and remembers how many requests each call had."""

    def __init__(self) -> None:
        self.age = OLD
        self.problem: Exception | None = None
        self.answer: list[int] | None = None
        self.batches: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = False

    async def run(
        self,
        script: Script,
        keys: Sequence[bytes],
        arguments: Sequence[bytes] = (),
        *,
        timeout_seconds: float | None = None,
    ) -> object:
        del script, keys, timeout_seconds
        requests = msgspec.msgpack.decode(arguments[1], type=list[list[int]])
        if requests:
            self.batches.append(len(requests))
        await self.gate.wait()
        if self.problem:
            raise self.problem
        if self.answer is not None:
            return self.answer
        decisions = [number for request in requests for number in (1, request[1], request[1] - 1, 0)]
        return [self.age, *decisions] if self.age >= 60_000_000 else [self.age]

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def make(server: Server, clock: VirtualClock, *, processes: int = 2) -> RedisWindowStore:
    return RedisWindowStore(
        connection=server,
        processes=processes,
        max_keys=100,
        clock=clock,
        probe_timeout_seconds=1,
        sleep=clock.sleep,
    )


@pytest.fixture
async def store(server: Server, clock: VirtualClock) -> AsyncIterator[RedisWindowStore]:
    store = make(server, clock)
    await store.start()
    yield store
    await store.stop()


def asking(store: RedisWindowStore, count: int, *, limit: int = 1000) -> "asyncio.Future[list[bool]]":
    async def ask() -> bool:
        return (await store.admit([Window("caller", limit)])).admitted

    return asyncio.gather(*(ask() for _ in range(count)))


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_those_who_come_together_are_decided_about_together(store: RedisWindowStore, server: Server) -> None:
    assert all(await asking(store, 100))
    assert server.batches == [100]


async def test_those_who_come_during_a_call_go_with_the_next(store: RedisWindowStore, server: Server) -> None:
    server.gate.clear()
    first = asking(store, 1)
    await turns()
    others = asking(store, 30)
    await turns()
    server.gate.set()
    await first
    await others
    assert server.batches == [1, 30]


async def test_no_call_is_larger_than_its_bound(store: RedisWindowStore, server: Server) -> None:
    await asking(store, 300)
    assert server.batches == [128, 128, 44]


async def test_whoever_went_away_is_not_asked_for(store: RedisWindowStore, server: Server) -> None:
    server.gate.clear()
    first = asking(store, 1)
    await turns()
    gone, others = asking(store, 5), asking(store, 3)
    await turns()
    gone.cancel()
    await turns()
    server.gate.set()
    await first
    assert all(await others)
    assert server.batches == [1, 3]


async def test_whoever_goes_away_during_the_call_disturbs_nobody(store: RedisWindowStore, server: Server) -> None:
    server.gate.clear()
    gone, others = asking(store, 5), asking(store, 3)
    await turns()
    gone.cancel()
    await turns()
    server.gate.set()
    assert all(await others)
    assert all(await asking(store, 2))


async def test_a_failure_leaves_nobody_without_a_decision(store: RedisWindowStore, server: Server) -> None:
    server.problem = RedisUnavailableError("gone")
    assert sum(await asking(store, 300, limit=100)) == 50
    assert not store.shared
    assert server.batches == [128]


@pytest.mark.parametrize("problem", [ValueError("nobody thought of it"), RedisUnavailableError("gone")])
async def test_whatever_goes_wrong_is_a_loss(store: RedisWindowStore, server: Server, problem: Exception) -> None:
    server.problem = problem
    assert all(await asking(store, 3))
    assert (store.shared, store.losses) == (False, 1)


async def test_an_answer_that_makes_no_sense_is_a_loss(store: RedisWindowStore, server: Server) -> None:
    server.answer = [OLD, 1, 2]
    assert all(await asking(store, 3))
    assert not store.shared


async def test_a_process_alone_admits_its_share(store: RedisWindowStore, server: Server) -> None:
    server.problem = RedisUnavailableError("gone")
    decisions = [await store.admit([Window("caller", 5), Window("everyone", 100)]) for _ in range(3)]
    assert [(decision.admitted, decision.limit) for decision in decisions] == [(True, 2), (True, 2), (False, 2)]


async def test_a_limit_below_the_number_of_processes_admits_nobody_meanwhile(
    store: RedisWindowStore, server: Server
) -> None:
    """One each would be more than twice the limit."""
    server.problem = RedisUnavailableError("gone")
    await store.admit([Window("caller", 2)])
    decision = await store.admit([Window("caller", 1)])
    assert (decision.admitted, decision.limit, decision.reset_seconds) == (False, 0, 60)


async def test_redis_decides_again_a_minute_after_it_came_back(
    store: RedisWindowStore, server: Server, clock: VirtualClock
) -> None:
    server.problem = RedisUnavailableError("gone")
    await asking(store, 1)
    await clock.advance(100)
    server.problem = None
    await clock.advance(59)
    assert not store.shared
    await clock.advance(2)
    assert store.shared


async def test_redis_decides_again_once_it_is_a_minute_old(
    store: RedisWindowStore, server: Server, clock: VirtualClock
) -> None:
    server.age = 0
    assert all(await asking(store, 3))
    assert not store.shared
    await clock.advance(100)
    assert not store.shared
    server.age = 60_000_000
    await clock.advance(1)
    assert store.shared


async def test_a_loss_and_a_return_are_said_once_each(server: Server, clock: VirtualClock) -> None:
    with capture_logs() as logs:
        store = make(server, clock, processes=4)
        await store.start()
        server.problem = RedisUnavailableError("TimeoutError")
        for _ in range(30):
            await asking(store, 10)
            await clock.advance(1)
        server.problem = None
        await clock.advance(70)
        await store.stop()
    assert logs == [
        {"event": "limits.alone", "log_level": "warning", "reason": "TimeoutError", "share": "1/4"},
        {"event": "limits.shared", "log_level": "info"},
    ]


async def test_a_stop_decides_about_those_who_wait(server: Server, clock: VirtualClock) -> None:
    store = make(server, clock)
    await store.start()
    server.gate.clear()
    waiting = asking(store, 200, limit=20)
    await turns()
    await store.stop()
    assert sum(await waiting) == 10
    assert server.closed
    await store.stop()


async def test_a_request_is_counted_in_at_least_one_window(store: RedisWindowStore) -> None:
    with pytest.raises(ValueError, match="at least one window"):
        await store.admit([])
