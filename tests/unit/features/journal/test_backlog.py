import asyncio
from collections.abc import Sequence

import pytest

from limi.features.journal.backlog import Backlog, Record
from limi.features.journal.errors import JournalFullError
from limi.kernel.facts import Fact
from limi.kernel.journal import JournalUnavailableError
from tests.unit.features.journal.harness import Facts, away

FACTS = Facts()


async def record(*facts: Fact) -> Record:
    return Record(facts, asyncio.get_running_loop().create_future())


async def records(count: int) -> Sequence[Record]:
    return [await record(FACTS.intent()) for _ in range(count)]


async def test_what_was_added_is_taken_in_order_up_to_the_limit() -> None:
    backlog = Backlog(limit=10)
    added = await records(5)
    for each in added:
        backlog.add(each)
    assert backlog.take(3) == added[:3]
    assert backlog.take(3) == added[3:]
    assert not backlog.has_new


async def test_facts_beyond_the_limit_are_refused_and_the_rest_stays() -> None:
    backlog = Backlog(limit=2)
    backlog.add(await record(*FACTS.intents(2)))
    with pytest.raises(JournalFullError, match="2 entries"):
        backlog.add(await record(FACTS.intent()))
    assert backlog.queued == 2


async def test_a_record_is_never_split_even_when_it_is_larger_than_a_batch() -> None:
    backlog = Backlog(limit=100)
    large, small = await record(*FACTS.intents(7)), await record(FACTS.intent())
    backlog.add(large)
    backlog.add(small)
    assert backlog.take(5) == [large]
    assert backlog.take(5) == [small]


async def test_kept_outcomes_fill_what_new_records_leave_and_come_first() -> None:
    backlog = Backlog(limit=100)
    new, kept = await records(2), [await record(FACTS.failed(FACTS.intent())) for _ in range(3)]
    backlog.keep(kept)
    for each in new:
        backlog.add(each)
    assert backlog.take(4) == [*kept[:2], *new]
    assert (backlog.queued, backlog.kept) == (0, 1)


async def test_new_records_are_not_kept_waiting_by_kept_outcomes() -> None:
    backlog = Backlog(limit=100)
    new = await records(2)
    backlog.keep([await record(FACTS.failed(FACTS.intent()))])
    for each in new:
        backlog.add(each)
    assert backlog.take(2) == new


async def test_only_what_was_kept_is_known_to_be_tried_again() -> None:
    backlog = Backlog(limit=2)
    backlog.keep([kept := await record(FACTS.failed(FACTS.intent()))])
    backlog.add(new := await record(FACTS.failed(FACTS.intent())))
    assert (kept.again, new.again) == (True, False)


async def test_the_first_new_record_wakes_whoever_waits_for_one() -> None:
    backlog = Backlog(limit=100)
    backlog.keep([await record(FACTS.failed(FACTS.intent()))])
    assert not backlog.arrival.is_set()
    for each in await records(2):
        backlog.add(each)
        assert backlog.arrival.is_set()
    backlog.take_new()
    backlog.arrival.clear()
    backlog.add(await record())
    assert backlog.arrival.is_set()


async def test_outcomes_that_find_no_room_are_counted() -> None:
    backlog = Backlog(limit=2)
    outcomes = [await record(FACTS.failed(FACTS.intent())) for _ in range(5)]
    assert backlog.keep(outcomes) == 3
    assert backlog.take(10) == outcomes[:2]


async def test_all_new_records_can_be_taken_at_once() -> None:
    backlog = Backlog(limit=10)
    added = await records(3)
    for each in added:
        backlog.add(each)
    assert backlog.take_new() == added
    assert (backlog.queued, backlog.has_new) == (0, False)


async def test_a_record_of_facts_that_all_resolve_an_intent_is_an_outcome() -> None:
    intent = FACTS.intent()
    assert (await record(FACTS.minted(intent), FACTS.failed(intent))).is_outcome
    assert not (await record(intent, FACTS.minted(intent))).is_outcome
    assert not (await record(FACTS.replayed(FACTS.minted()))).is_outcome
    assert not (await record()).is_outcome


async def test_each_waiter_gets_an_error_of_its_own_with_the_cause() -> None:
    first, second = await records(2)
    cause = away()
    for each in (first, second):
        each.fail(cause)
    errors = [each.waiter.exception() for each in (first, second)]
    assert all(type(error) is JournalUnavailableError and error.__cause__ is cause for error in errors)
    assert errors[0] is not errors[1]


async def test_an_unexpected_errors_text_is_not_passed_on() -> None:
    (one,) = await records(1)
    one.fail(ValueError("holds a row's content"))
    assert str(one.waiter.exception()) == "the store failed"


async def test_a_cancelled_waiter_is_left_alone() -> None:
    first, second = await records(2)
    for each in (first, second):
        each.waiter.cancel()
    first.succeed()
    second.fail(away())
    assert first.waiter.cancelled()
    assert second.waiter.cancelled()
