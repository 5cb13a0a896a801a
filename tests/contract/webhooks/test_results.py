"""What every place for deliveries makes of results."""

from limi.features.webhooks.model import DeliveryId, DeliveryState, DeliverySummary, Endpoint, Settlement
from tests.contract.webhooks.harness import A, B, Post
from tests.unit.features.journal.harness import NOON


class TestSettling:
    async def test_a_delivered_message_is_at_its_end_and_its_attempt_is_logged(
        self, post: Post, one: Endpoint
    ) -> None:
        (fact,) = post.tell(one.id)
        (claimed,) = await post.claim()
        attempt = post.attempt(claimed, at=NOON + 0.25, duration_ms=31, status=204)
        settlement = Settlement(claimed=claimed, attempt=attempt, state=DeliveryState.DELIVERED)
        assert await post.stores.deliveries.settle([settlement], worker="w1") == {}
        assert await post.listed() == [
            DeliverySummary(
                id=claimed.delivery_id,
                endpoint_id=A,
                message_id=fact.id,
                event="token.generated",
                tenant="acme",
                state=DeliveryState.DELIVERED,
                attempts=1,
                due_at=None,
                last_status=204,
                last_error=None,
                created_at=NOON,
            )
        ]
        assert await post.stores.deliveries.attempts(claimed.delivery_id, endpoint=A) == [attempt]
        assert await post.claim(now=NOON + 10**6) == []

    async def test_a_failed_attempt_is_made_again_when_it_is_due(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id)
        claimed = await post.claim()
        await post.settle(claimed, DeliveryState.PENDING, due_in=5, status=None, error="timeout")
        (listed,) = await post.listed()
        assert (listed.state, listed.attempts, listed.due_at) == (DeliveryState.PENDING, 1, NOON + 5)
        assert (listed.last_status, listed.last_error) == (None, "timeout")
        assert await post.claim(now=NOON + 4) == []
        (again,) = await post.claim("w2", now=NOON + 5)
        assert (again.attempt, again.first_due, again.message) == (2, NOON, claimed[0].message)

    async def test_a_batch_may_mix_every_end(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id, count=4)
        claimed = sorted(await post.claim(), key=lambda each: each.delivery_id)
        batch = [
            Settlement(claimed=each, attempt=post.attempt(each), state=state, due_at=due_at)
            for each, state, due_at in zip(claimed, DeliveryState, (NOON + 9, None, None, None), strict=True)
        ]
        await post.stores.deliveries.settle(batch, worker="w1")
        assert await post.states() == ["pending", "delivered", "failed", "cancelled"]

    async def test_no_results_are_nothing_to_settle(self, post: Post) -> None:
        assert await post.stores.deliveries.settle([], worker="w1") == {}

    async def test_a_result_after_the_lease_ended_counts_where_nobody_claimed_again(
        self, post: Post, one: Endpoint
    ) -> None:
        post.tell(one.id)
        claimed = await post.claim(lease_seconds=1)
        post.now += 100
        await post.settle(claimed)
        assert await post.states() == ["delivered"]

    async def test_a_result_whose_lease_another_took_is_logged_and_changes_nothing(
        self, post: Post, one: Endpoint
    ) -> None:
        post.tell(one.id)
        late = await post.claim("w1")
        post.now += 100
        current = await post.claim("w2")
        await post.settle(late, DeliveryState.FAILED, status=500, worker="w1")
        assert await post.states() == ["pending"]
        await post.settle(current, worker="w2")
        await post.settle(late, DeliveryState.PENDING, due_in=1, worker="w1")
        assert await post.states() == ["delivered"]
        log = await post.stores.deliveries.attempts(late[0].delivery_id, endpoint=A)
        assert [(each.number, each.status) for each in log] == [(1, 500), (1, 200)]

    async def test_a_worker_whose_lease_it_took_itself_is_late_as_well(self, post: Post, one: Endpoint) -> None:
        """After a suspended machine wakes up, say."""
        post.tell(one.id)
        late = await post.claim()
        post.now += 100
        current = await post.claim()
        await post.settle(late, DeliveryState.FAILED)
        assert await post.states() == ["pending"]
        await post.settle(current, DeliveryState.PENDING, due_in=5)
        await post.settle(late)
        assert await post.states() == ["pending"]

    async def test_a_batch_may_be_settled_twice(self, post: Post, one: Endpoint) -> None:
        """The end of the first try may be unknown."""
        post.tell(one.id, count=2)
        claimed = await post.claim()
        for _ in range(2):
            await post.settle(claimed[:1])
            await post.settle(claimed[1:], DeliveryState.PENDING, due_in=5, status=500)
        assert sorted(await post.states()) == ["delivered", "pending"]
        for each in claimed:
            assert len(await post.stores.deliveries.attempts(each.delivery_id, endpoint=A)) == 1
        assert [each.attempt for each in await post.claim(now=NOON + 5)] == [2]

    async def test_a_result_of_a_delivery_that_is_gone_is_passed_over(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id)
        claimed = await post.claim()
        await post.settle(claimed)
        assert await post.stores.deliveries.prune(NOON + 1) == 1
        await post.settle(claimed)
        assert await post.listed() == []
        assert await post.stores.deliveries.attempts(claimed[0].delivery_id, endpoint=A) == []

    async def test_attempts_are_shown_to_whoever_names_the_right_endpoint(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id)
        (claimed,) = await post.claim()
        await post.settle([claimed])
        assert await post.stores.deliveries.attempts(claimed.delivery_id, endpoint=B) == []
        assert await post.stores.deliveries.attempts(DeliveryId(10**9), endpoint=A) == []


class TestReleases:
    async def test_what_is_let_go_of_is_due_at_once_for_whoever_comes(self, post: Post, one: Endpoint) -> None:
        """A server that stops does not make the others wait for its leases."""
        post.tell(one.id)
        claimed = await post.claim("w1")
        await post.stores.deliveries.release(claimed, now=NOON + 1)
        await post.stores.deliveries.release([], now=NOON + 1)
        (again,) = await post.claim("w2", now=NOON + 1)
        assert (again.delivery_id, again.attempt) == (claimed[0].delivery_id, 1)
        assert await post.stores.deliveries.attempts(again.delivery_id, endpoint=A) == []

    async def test_what_another_holds_or_waits_for_its_next_attempt_or_has_ended_is_left(
        self, post: Post, one: Endpoint
    ) -> None:
        post.tell(one.id, count=3)
        claimed = sorted(await post.claim("w1", lease_seconds=1), key=lambda each: each.delivery_id)
        await post.settle(claimed[:1])
        await post.settle(claimed[1:2], DeliveryState.PENDING, due_in=500)
        await post.claim("w2", now=NOON + 1, lease_seconds=400)
        await post.stores.deliveries.release(claimed, now=NOON + 2)
        assert [each.due_at for each in reversed(await post.listed())] == [None, NOON + 500, NOON + 401]
