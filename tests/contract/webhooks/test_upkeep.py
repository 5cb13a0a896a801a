"""How every place for deliveries lists, replays, cancels and removes them."""

import pytest

from limi.features.webhooks.model import (
    AllFailed,
    DeliveryId,
    DeliveryQuery,
    DeliveryState,
    Endpoint,
    OneDelivery,
    Window,
)
from tests.contract.webhooks.harness import OF_A, A, B, Post, messages
from tests.unit.features.journal.harness import NOON, FakeClock


class TestReplays:
    async def test_one_is_sent_again_as_the_same_message_with_a_schedule_that_begins_anew(
        self, post: Post, one: Endpoint
    ) -> None:
        post.tell(one.id)
        (first,) = await post.claim()
        await post.settle([first])
        post.now += 1000
        this = OneDelivery(endpoint=A, delivery=first.delivery_id)
        assert await post.stores.deliveries.replay(this, now=post.now) == 1
        (again,) = await post.claim("w2")
        assert (again.message, again.attempt, again.first_due) == (first.message, 1, NOON + 1000)
        await post.settle([again], worker="w2", status=201)
        log = await post.stores.deliveries.attempts(first.delivery_id, endpoint=A)
        assert [(each.number, each.status) for each in log] == [(1, 200), (1, 201)]

    async def test_one_that_waits_is_sent_at_once_and_one_under_way_is_left(
        self, post: Post, one: Endpoint
    ) -> None:
        post.tell(one.id)
        (claimed,) = await post.claim()
        this = OneDelivery(endpoint=A, delivery=claimed.delivery_id)
        assert await post.stores.deliveries.replay(this, now=NOON) == 0
        await post.settle([claimed], DeliveryState.PENDING, due_in=36_000)
        assert await post.stores.deliveries.replay(this, now=NOON + 1) == 1
        assert [each.attempt for each in await post.claim(now=NOON + 1)] == [1]

    async def test_a_late_result_of_before_does_not_end_a_replay(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id)
        late = await post.claim("w1")
        this = OneDelivery(endpoint=A, delivery=late[0].delivery_id)
        assert await post.stores.deliveries.replay(this, now=NOON + 61) == 1
        await post.settle(late)
        assert await post.states() == ["pending"]
        await post.claim("w1", now=NOON + 61)
        await post.settle(late)
        assert await post.states() == ["pending"]

    @pytest.mark.usefixtures("two")
    async def test_nobody_replays_anothers_delivery(self, post: Post) -> None:
        post.tell(A)
        (claimed,) = await post.claim()
        await post.settle([claimed])
        this = OneDelivery(endpoint=B, delivery=claimed.delivery_id)
        assert await post.stores.deliveries.replay(this, now=NOON) == 0

    @pytest.mark.usefixtures("two")
    async def test_a_window_is_sent_again_whatever_its_end_was(self, post: Post, clock: FakeClock) -> None:
        told = []
        for _ in range(4):
            told += post.tell(A, B)
            clock.advance(10)
        post.now += 100
        mine = [each for each in await post.claim() if each.endpoint_id == A]
        for each, state in zip(sorted(mine, key=lambda each: each.delivery_id), DeliveryState, strict=True):
            await post.settle([each], state, due_in=10**6 if state is DeliveryState.PENDING else None)
        window = Window(endpoint=A, since=NOON, until=NOON + 30)
        assert await post.stores.deliveries.replay(window, now=post.now) == 2, "one waits anyway, one is outside"
        assert messages(await post.claim()) == [fact.id for fact in told[1:3]]

    @pytest.mark.usefixtures("two")
    async def test_all_that_failed_is_sent_again(self, post: Post) -> None:
        failed = post.tell(A, count=250)
        while claimed := await post.claim():
            await post.settle(claimed, DeliveryState.FAILED)
        post.tell(B)
        await post.settle(await post.claim(), DeliveryState.FAILED)
        post.tell(A)
        await post.settle(await post.claim())
        assert await post.stores.deliveries.replay(AllFailed(endpoint=A), now=NOON) == 250
        assert await post.stores.deliveries.replay(AllFailed(endpoint=A), now=NOON) == 0
        found = []
        while claimed := await post.claim():
            found += messages(claimed)
        assert sorted(found) == sorted(fact.id for fact in failed)

    async def test_what_has_no_row_in_the_journal_cannot_be_sent_again(self, post: Post, one: Endpoint) -> None:
        (fact,) = post.tell(one.id)
        await post.settle(await post.claim(), DeliveryState.FAILED)
        post.stores.forget(fact.id)
        assert await post.stores.deliveries.replay(AllFailed(endpoint=A), now=NOON) == 0


class TestEnds:
    @pytest.mark.usefixtures("two")
    async def test_removing_an_endpoint_cancels_what_waits_for_it(self, post: Post) -> None:
        post.tell(A, B, count=3)
        assert await post.stores.endpoints.remove(A)
        for told, end in ((A, (DeliveryState.CANCELLED, "endpoint_removed")), (B, (DeliveryState.PENDING, None))):
            listed = await post.listed(DeliveryQuery(endpoint=told))
            assert {(each.state, each.last_error) for each in listed} == {end}
        assert {each.endpoint_id for each in await post.claim()} == {B}

    @pytest.mark.usefixtures("two")
    async def test_cancelling_ends_what_waits_and_leaves_what_is_under_way(self, post: Post) -> None:
        post.tell(A, count=250)
        post.tell(B)
        claimed = await post.claim(per_endpoint=1)
        assert await post.stores.deliveries.cancel(A) == 249
        assert await post.stores.deliveries.cancel(A) == 0
        await post.settle(claimed)
        ends = [each.state for each in await post.listed(limit=1000)]
        assert (ends.count(DeliveryState.DELIVERED), ends.count(DeliveryState.CANCELLED)) == (1, 249)

    async def test_pruning_removes_what_ended_long_ago_and_nothing_that_waits(
        self, post: Post, clock: FakeClock, one: Endpoint
    ) -> None:
        post.tell(one.id, count=350)
        while (claimed := await post.claim()) and len(claimed) > 50:
            await post.settle(claimed)
        await post.settle(claimed, DeliveryState.PENDING, due_in=10**6)
        clock.advance(100)
        post.now += 100
        post.tell(one.id)
        await post.settle(await post.claim())
        assert await post.stores.deliveries.prune(NOON + 100) == 300
        listed = await post.listed(limit=1000)
        assert (len(listed), len([each for each in listed if each.state is DeliveryState.PENDING])) == (51, 50)
        assert await post.stores.deliveries.attempts(DeliveryId(1), endpoint=A) == []
        assert await post.stores.deliveries.prune(NOON + 100) == 0
        assert await post.stores.deliveries.prune(NOON + 101) == 1


class TestListings:
    @pytest.mark.usefixtures("two")
    async def test_they_begin_with_the_newest_and_go_on_from_a_cursor(self, post: Post, clock: FakeClock) -> None:
        for _ in range(4):
            post.tell(A, B)
            clock.advance(1)
        for query in (OF_A, DeliveryQuery(endpoint=A, state=DeliveryState.PENDING)):
            mine = await post.listed(query)
            assert {each.endpoint_id for each in mine} == {A}
            assert [each.created_at - NOON for each in mine] == [3, 2, 1, 0]
            page = await post.listed(query, limit=2)
            assert page + await post.listed(query, before=page[-1].id) == mine
        others = await post.listed(DeliveryQuery(endpoint=B))
        assert await post.listed(before=others[0].id) == [], "it is somebody else's"

    @pytest.mark.usefixtures("two")
    async def test_a_tenant_sees_deliveries_to_its_own_endpoints_even_when_they_are_removed(
        self, post: Post
    ) -> None:
        """B is the tenant's; A is everybody's, and is told of the tenant's events too."""
        post.tell(A, B)
        await post.stores.endpoints.remove(B)
        assert [each.endpoint_id for each in await post.listed(DeliveryQuery(endpoint=B, tenant="acme"))] == [B]
        assert await post.listed(DeliveryQuery(endpoint=B, tenant="other")) == []
        assert await post.listed(DeliveryQuery(endpoint=A, tenant="acme")) == []

    @pytest.mark.usefixtures("two")
    async def test_they_are_selected_by_state_and_message(self, post: Post) -> None:
        first, _, _, last = post.tell(A, B, count=4)
        claimed = [each for each in await post.claim() if each.endpoint_id == A]
        for each, state in zip(sorted(claimed, key=lambda each: each.delivery_id), DeliveryState, strict=True):
            await post.settle([each], state, due_in=1 if state is DeliveryState.PENDING else None)
        for state in DeliveryState:
            assert [each.state for each in await post.listed(DeliveryQuery(endpoint=A, state=state))] == [state]
        assert [each.message_id for each in await post.listed(DeliveryQuery(endpoint=A, message=first.id))] == [
            first.id
        ]
        (found_one,) = await post.listed(DeliveryQuery(message=last.id, endpoint=A, state=DeliveryState.CANCELLED))
        assert found_one.message_id == last.id
