"""What every idempotency store must do, whatever it is made of."""

import asyncio
from collections.abc import Callable

import pytest

from limi.features.client_secrets.errors import IdempotencyConflictError
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore
from limi.features.client_secrets.ports import IdempotencyStore, SealedAnswer
from limi.testing import ManualClock

Make = Callable[..., IdempotencyStore]

NAME, OTHER, BODY = b"n" * 32, b"o" * 32, b"b" * 32


def memory(*, clock: ManualClock, max_entries: int = 100) -> IdempotencyStore:
    return InMemoryIdempotencyStore(clock=clock, max_entries=max_entries)


@pytest.fixture(params=[memory])
def make(request: pytest.FixtureRequest) -> Make:
    found: Make = request.param
    return found


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(make: Make, clock: ManualClock) -> IdempotencyStore:
    return make(clock=clock)


def answer(clock: ManualClock, *, seconds: float = 600, sealed: bytes = b"sealed") -> SealedAnswer:
    return SealedAnswer(body_hash=BODY, sealed=sealed, expires_at=int(clock.now() + seconds))


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


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
    await turns()
    assert tasks[0].cancelled()
    if waiters > 1:
        assert tasks[1].result() is None
        for _ in tasks[1:]:
            await store.release(NAME)
            await turns()
        assert all(task.done() for task in tasks)
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


async def test_past_the_bound_the_answer_that_ends_first_is_dropped(make: Make, clock: ManualClock) -> None:
    store = make(clock=clock, max_entries=3)
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
