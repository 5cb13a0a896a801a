"""What becomes of facts that endpoints are to be told of, whatever journal and deliveries are made of."""

import pytest
from msgspec.structs import replace

from limi.features.webhooks.model import Endpoint, EndpointStatus, Message
from limi.kernel.facts import KeyCreated, Origin
from tests.contract.webhooks.harness import A, B, Post, messages
from tests.unit.features.journal.harness import NOON, Facts, FakeClock


class TestOutbox:
    async def test_a_message_tells_what_happened_and_nothing_of_who_caused_it(
        self, post: Post, facts: Facts, one: Endpoint
    ) -> None:
        fact = facts.minted(facts.intent())
        post.stores.journal.append([fact], writer="w1", deliveries=[(fact.id, one.id)])
        (claimed,) = await post.claim()
        assert claimed.message == Message(
            id=fact.id,
            event="token.generated",
            at=NOON,
            tenant="acme",
            session_id="sess_1",
            model="gpt-realtime",
            expires_at=int(NOON) + 600,
            duration_ms=87,
        )
        assert (claimed.endpoint_id, claimed.attempt, claimed.first_due, claimed.lease) == (A, 1, NOON, 1)

    async def test_any_text_arrives_unchanged(self, post: Post, one: Endpoint) -> None:
        text = "Grüße, 世界 🎙 \"'\\\n%s ? :x"
        fact = KeyCreated(
            id="f" * 32, at=NOON, origin=Origin(request_id="r", caller="c"), subject=f"key:{text}", detail=text
        )
        post.stores.journal.append([fact], writer="w1", deliveries=[(fact.id, one.id)])
        (claimed,) = await post.claim()
        assert (claimed.message.detail, claimed.message.subject) == (text, f"key:{text}")
        assert (claimed.message.tenant, claimed.message.session_id) == (None, None)

    async def test_the_moment_keeps_its_microseconds(self, post: Post, clock: FakeClock, one: Endpoint) -> None:
        clock.advance(0.123456)
        post.tell(one.id)
        (claimed,) = await post.claim(now=NOON + 1)
        assert claimed.message.at == pytest.approx(NOON + 0.123456, abs=2e-7)

    @pytest.mark.usefixtures("two")
    async def test_every_endpoint_gets_a_delivery_of_its_own(self, post: Post) -> None:
        first, second = post.tell(A, B, count=2)
        claimed = await post.claim()
        assert sorted((each.message.id, each.endpoint_id) for each in claimed) == sorted(
            (fact.id, to) for fact in (first, second) for to in (A, B)
        )

    @pytest.mark.parametrize("count", [1, 3, 512, 513, 1300])
    async def test_a_batch_of_any_size_makes_its_deliveries_in_order(
        self, post: Post, one: Endpoint, count: int
    ) -> None:
        made = post.tell(one.id, count=count)
        listed = await post.listed(limit=2000)
        assert [each.message_id for each in reversed(listed)] == [fact.id for fact in made]

    async def test_a_fact_written_twice_is_delivered_once(self, post: Post, facts: Facts, one: Endpoint) -> None:
        fact = facts.minted()
        for _ in range(2):
            post.stores.journal.append([fact], writer="w1", deliveries=[(fact.id, one.id)])
        assert messages(await post.claim()) == [fact.id]

    async def test_facts_that_nobody_wants_make_no_deliveries(self, post: Post) -> None:
        post.tell(count=2)
        assert await post.listed() == []

    async def test_no_delivery_is_made_to_what_was_disabled_or_removed_and_its_facts_are_written(
        self, post: Post, one: Endpoint
    ) -> None:
        """A snapshot of subscriptions may be older than the change."""
        await post.stores.endpoints.update(replace(one, status=EndpointStatus.DISABLED), before=one)
        (fact,) = post.tell(A, B)
        assert await post.listed() == []
        assert post.stores.journal.known([fact.id]) == {fact.id}

    async def test_what_ends_a_dead_writers_intent_is_delivered_too(
        self, post: Post, facts: Facts, one: Endpoint
    ) -> None:
        journal, intent = post.stores.journal, facts.intent()
        journal.renew_lease("w1", until=NOON + 15, settled=None)
        journal.append([intent], writer="w1")
        ending = facts.failed(intent)
        assert journal.end_abandoned(lambda _: ending, now=NOON + 16, writer="w2", wanted=lambda _: [one.id]) == 1
        assert messages(await post.claim()) == [ending.id]
        assert journal.end_abandoned(lambda _: ending, now=NOON + 16, writer="w2", wanted=lambda _: [one.id]) == 0
