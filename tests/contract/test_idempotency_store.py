"""What every idempotency store must do, whatever it is made of."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from limi.adapters.redis.connection import RedisConnection
from limi.adapters.redis.idempotency_store import RedisIdempotencyStore
from limi.features.client_secrets.errors import IdempotencyConflictError
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore
from limi.features.client_secrets.ports import IdempotencyStore, SealedAnswer
from limi.kernel.ids import RandomIds
from limi.kernel.secret import Secret
from limi.testing import ManualClock

Make = Callable[[ManualClock], AbstractAsyncContextManager[IdempotencyStore]]

NAME, OTHER, BODY = b"n" * 32, b"o" * 32, b"b" * 32


@asynccontextmanager
async def memory(clock: ManualClock) -> AsyncIterator[IdempotencyStore]:
    yield InMemoryIdempotencyStore(clock=clock, max_entries=100)


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "memory":
        return memory
    url: str = request.getfixturevalue("redis_url")

    @asynccontextmanager
    async def redis(clock: ManualClock) -> AsyncIterator[IdempotencyStore]:
        store = RedisIdempotencyStore(
            connection=RedisConnection(url=Secret(url), timeout_seconds=10),
            clock=clock,
            ids=RandomIds(),
            max_entries=100,
            lease_seconds=60,
        )
        yield store
        await store.close()

    return redis


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(make: Make, clock: ManualClock) -> AsyncIterator[IdempotencyStore]:
    async with make(clock) as opened:
        yield opened


def answer(clock: ManualClock, *, seconds: float = 600, sealed: bytes = b"sealed") -> SealedAnswer:
    return SealedAnswer(body_hash=BODY, sealed=sealed, expires_at=int(clock.now() + seconds))


async def turns() -> None:
    """Give everyone who could go on the time to do so, with a round trip where they need one."""
    for _ in range(10):
        await asyncio.sleep(0.002)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 - what happens is others' code
            await asyncio.sleep(0.002)


def claims(store: IdempotencyStore, count: int) -> list[asyncio.Task[SealedAnswer | None]]:
    return [asyncio.create_task(store.claim(NAME, BODY), name=f"claim {n}") for n in range(count)]


async def test_the_first_to_ask_makes_the_answer_and_repeats_get_it(
    store: IdempotencyStore, clock: ManualClock
) -> None:
    assert await store.claim(NAME, BODY) is None
    kept = answer(clock)
    await store.keep(NAME, kept)
    assert await store.claim(NAME, BODY) == kept
    assert await store.claim(NAME, BODY) == kept


async def test_names_have_nothing_to_do_with_each_other(store: IdempotencyStore, clock: ManualClock) -> None:
    assert await store.claim(NAME, BODY) is None
    assert await store.claim(OTHER, BODY) is None
    await store.keep(NAME, answer(clock))
    await store.release(OTHER)
    assert await store.claim(OTHER, BODY) is None


async def test_repeats_at_the_same_time_wait_for_the_first(store: IdempotencyStore, clock: ManualClock) -> None:
    assert await store.claim(NAME, BODY) is None
    waiting = claims(store, 50)
    await turns()
    assert not any(task.done() for task in waiting)
    kept = answer(clock)
    await store.keep(NAME, kept)
    assert await asyncio.gather(*waiting) == [kept] * 50


async def test_of_many_at_once_one_makes_the_answer(store: IdempotencyStore, clock: ManualClock) -> None:
    tasks = claims(store, 50)
    await until(lambda: any(task.done() for task in tasks))
    await turns()
    made = [task for task in tasks if task.done()]
    assert [task.result() for task in made] == [None]
    await store.keep(NAME, answer(clock))
    await asyncio.gather(*tasks)


async def test_another_body_is_a_conflict_before_and_after_the_answer(
    store: IdempotencyStore, clock: ManualClock
) -> None:
    await store.claim(NAME, BODY)
    with pytest.raises(IdempotencyConflictError):
        await store.claim(NAME, b"another body")
    kept = answer(clock)
    await store.keep(NAME, kept)
    with pytest.raises(IdempotencyConflictError):
        await store.claim(NAME, b"another body")
    assert await store.claim(NAME, BODY) == kept


async def test_a_released_name_can_be_claimed_again_even_for_another_body(store: IdempotencyStore) -> None:
    await store.claim(NAME, BODY)
    await store.release(NAME)
    assert await store.claim(NAME, b"another body") is None


async def test_a_released_name_goes_to_the_one_who_waits_longest(
    store: IdempotencyStore, clock: ManualClock
) -> None:
    await store.claim(NAME, BODY)
    first, second, third = claims(store, 3)
    await turns()
    await store.release(NAME)
    assert await first is None
    await turns()
    assert not second.done()
    await store.release(NAME)
    assert await second is None
    kept = answer(clock)
    await store.keep(NAME, kept)
    assert await third == kept


async def test_a_waiter_who_went_away_does_not_get_the_claim(store: IdempotencyStore) -> None:
    await store.claim(NAME, BODY)
    first, second = claims(store, 2)
    await turns()
    first.cancel()
    await turns()
    await store.release(NAME)
    assert await second is None


@pytest.mark.parametrize("waiters", [1, 2, 5])
async def test_a_waiter_cancelled_just_as_it_gets_the_claim_hands_it_on(
    store: IdempotencyStore, waiters: int
) -> None:
    """Both happen in one turn of the loop: the claim was given, and its new owner never runs."""
    await store.claim(NAME, BODY)
    tasks = claims(store, waiters)
    await turns()
    await store.release(NAME)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    for task in tasks[1:]:
        assert await task is None
        await store.release(NAME)
    await until(lambda: all(task.done() for task in tasks))
    assert await store.claim(NAME, BODY) is None


async def test_a_waiter_cancelled_just_as_the_answer_comes_takes_nothing_away(
    store: IdempotencyStore, clock: ManualClock
) -> None:
    await store.claim(NAME, BODY)
    first, second = claims(store, 2)
    await turns()
    kept = answer(clock)
    await store.keep(NAME, kept)
    first.cancel()
    await turns()
    assert await second == kept
    assert await store.claim(NAME, BODY) == kept


async def test_if_all_who_wait_go_away_the_name_is_free_again(store: IdempotencyStore) -> None:
    await store.claim(NAME, BODY)
    tasks = claims(store, 3)
    await turns()
    for task in tasks:
        task.cancel()
    await turns()
    await store.release(NAME)
    assert await store.claim(NAME, BODY) is None


async def test_an_answer_ends_with_the_key_in_it(store: IdempotencyStore, clock: ManualClock) -> None:
    await store.claim(NAME, BODY)
    kept = answer(clock, seconds=600)
    await store.keep(NAME, kept)
    clock.advance(599)
    assert await store.claim(NAME, BODY) == kept
    clock.advance(1)
    assert await store.claim(NAME, b"even another body") is None


async def test_a_name_can_be_used_again_after_its_answer_ended(
    store: IdempotencyStore, clock: ManualClock
) -> None:
    for round_ in range(3):
        assert await store.claim(NAME, BODY) is None
        kept = answer(clock, sealed=b"%d" % round_)
        await store.keep(NAME, kept)
        assert await store.claim(NAME, BODY) == kept
        clock.advance(600)


async def test_past_the_bound_the_answer_that_ends_first_is_dropped(clock: ManualClock) -> None:
    """Of those that share a Redis none has a bound of its own: there every answer ends by itself."""
    store = InMemoryIdempotencyStore(clock=clock, max_entries=3)
    names = [bytes([n]) * 32 for n in range(4)]
    for name, seconds in zip(names, (400, 100, 300, 200), strict=True):
        await store.claim(name, BODY)
        await store.keep(name, answer(clock, seconds=seconds))
    assert await store.claim(names[1], b"another body") is None
    for name in (names[0], names[2], names[3]):
        assert await store.claim(name, BODY) is not None


async def test_ten_thousand_answers_stay_within_the_bound(clock: ManualClock) -> None:
    store = InMemoryIdempotencyStore(clock=clock, max_entries=100)
    for number in range(10_000):
        name = number.to_bytes(32)
        await store.claim(name, BODY)
        await store.keep(name, answer(clock, seconds=600 + number))
    assert len(store) == 100


async def test_answers_that_ended_leave_the_memory(clock: ManualClock) -> None:
    store = InMemoryIdempotencyStore(clock=clock, max_entries=100)
    for number in range(50):
        await store.claim(number.to_bytes(32), BODY)
        await store.keep(number.to_bytes(32), answer(clock))
    clock.advance(600)
    await store.claim(NAME, BODY)
    assert len(store) == 0
