"""How every place for deliveries shares them out to workers."""

import asyncio

import pytest
from msgspec.structs import replace

from limi.features.webhooks.model import Backlog, DeliveryState, Endpoint, EndpointId, EndpointStatus
from tests.contract.webhooks.harness import A, B, Post, messages
from tests.unit.features.journal.harness import NOON, FakeClock


class TestClaims:
    async def test_two_workers_never_hold_the_same_delivery(self, post: Post, one: Endpoint) -> None:
        made = post.tell(one.id, count=9)
        first = await post.claim("w1", limit=5)
        second = await post.claim("w2")
        assert messages(first) + messages(second) == [fact.id for fact in made]
        assert await post.claim("w3") == []

    @pytest.mark.usefixtures("two")
    async def test_workers_who_claim_at_once_share_what_is_there(self, post: Post) -> None:
        made = post.tell(A, B, count=100)
        found: list[tuple[str, EndpointId]] = []

        async def work(worker: str) -> None:
            while claimed := await post.claim(worker, limit=7, per_endpoint=7):
                found.extend((each.message.id, each.endpoint_id) for each in claimed)
                await post.settle(claimed, worker=worker)

        await asyncio.gather(*(work(f"w{number}") for number in range(4)))
        assert sorted(found) == sorted((fact.id, to) for fact in made for to in (A, B))
        assert set(await post.states()) == {"delivered"}

    async def test_an_expired_lease_may_be_claimed_again(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id)
        (first,) = await post.claim("w1", lease_seconds=60)
        assert await post.claim("w2", now=NOON + 59.9) == []
        (again,) = await post.claim("w2", now=NOON + 60)
        assert (again.delivery_id, again.attempt, again.lease) == (first.delivery_id, 1, 2)

    async def test_what_is_not_due_is_left(self, post: Post, clock: FakeClock, one: Endpoint) -> None:
        clock.advance(10)
        post.tell(one.id)
        assert await post.claim(now=NOON + 9.9) == []
        assert len(await post.claim(now=NOON + 10)) == 1

    async def test_the_longest_due_goes_first(self, post: Post, clock: FakeClock, one: Endpoint) -> None:
        clock.advance(5)
        late = post.tell(one.id)
        clock.advance(-5)
        early = post.tell(one.id)
        assert messages(await post.claim(now=NOON + 9, limit=1)) == [early[0].id]
        assert messages(await post.claim(now=NOON + 9, limit=1)) == [late[0].id]

    @pytest.mark.usefixtures("two")
    async def test_an_endpoint_with_much_to_get_does_not_hold_up_another(self, post: Post) -> None:
        post.tell(A, count=50)
        post.tell(B)
        claimed = await post.claim(limit=4)
        assert sorted(each.endpoint_id for each in claimed) in ([A, A, A, B], [A, A, B])
        assert [each.endpoint_id for each in await post.claim(limit=1)] == [A]

    @pytest.mark.usefixtures("two")
    async def test_a_worker_gets_no_more_of_one_endpoint_than_it_may_hold(self, post: Post) -> None:
        post.tell(A, B, count=10)
        claimed = await post.claim(per_endpoint=3, busy={A: 1, B: 3})
        assert [each.endpoint_id for each in claimed] == [A, A]
        assert len(await post.claim("w2", per_endpoint=3)) == 6

    async def test_there_are_never_more_than_asked_for(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id, count=5)
        assert len(await post.claim(limit=3)) == 3
        assert await post.claim(limit=0) == []

    async def test_what_waits_for_a_disabled_endpoint_is_cancelled(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id, count=2)
        await post.stores.endpoints.update(replace(one, status=EndpointStatus.DISABLED), before=one)
        assert await post.claim() == []
        assert {(each.state, each.last_error) for each in await post.listed()} == {
            (DeliveryState.CANCELLED, "endpoint_disabled")
        }

    async def test_what_is_being_attempted_while_its_endpoint_is_disabled_may_still_succeed(
        self, post: Post, one: Endpoint
    ) -> None:
        post.tell(one.id)
        claimed = await post.claim()
        await post.stores.endpoints.update(replace(one, status=EndpointStatus.DISABLED), before=one)
        assert await post.claim("w2") == []
        await post.settle(claimed)
        assert await post.states() == ["delivered"]

    async def test_a_message_that_retention_removed_is_cancelled(self, post: Post, one: Endpoint) -> None:
        gone, there = post.tell(one.id, count=2)
        post.stores.forget(gone.id)
        assert messages(await post.claim()) == [there.id]
        listed = (await post.listed())[-1]
        assert (listed.state, listed.last_error, listed.message_id) == (
            DeliveryState.CANCELLED,
            "message_gone",
            gone.id,
        )
        assert (listed.event, listed.tenant) == (None, None)

    @pytest.mark.usefixtures("two")
    async def test_the_next_moment_to_look_is_known(self, post: Post, clock: FakeClock) -> None:
        assert await post.stores.deliveries.next_due(NOON) is None
        post.tell(A)
        clock.advance(20)
        post.tell(B)
        assert await post.stores.deliveries.next_due(NOON - 1) == NOON
        assert await post.stores.deliveries.next_due(NOON) == NOON + 20
        await post.claim(now=NOON, lease_seconds=5)
        assert await post.stores.deliveries.next_due(NOON) == NOON + 5
        assert await post.stores.deliveries.next_due(NOON + 20) is None

    async def test_the_backlog_is_what_waits(self, post: Post, clock: FakeClock, one: Endpoint) -> None:
        assert await post.stores.deliveries.backlog() == Backlog(pending=0, oldest_due=None)
        post.tell(one.id)
        clock.advance(1)
        post.tell(one.id, count=2)
        assert await post.stores.deliveries.backlog() == Backlog(pending=3, oldest_due=NOON)
        await post.settle(await post.claim())
        assert await post.stores.deliveries.backlog() == Backlog(pending=2, oldest_due=NOON + 1)


async def test_ten_thousand_that_wait_are_shared_out_a_hundred_at_a_time(post: Post, one: Endpoint) -> None:
    for _ in range(20):
        post.tell(one.id, count=500)
    assert await post.stores.deliveries.backlog() == Backlog(pending=10_000, oldest_due=NOON)
    first, second = await post.claim("w1"), await post.claim("w2")
    assert len({each.delivery_id for each in first + second}) == 200
    assert await post.stores.deliveries.cancel(one.id) == 9_800
