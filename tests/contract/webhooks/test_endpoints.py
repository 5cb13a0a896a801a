"""What every place for endpoints must do, whatever it is made of."""

from typing import Any

from msgspec.structs import replace

from limi.features.webhooks.model import (
    DeliveryState,
    DisabledReason,
    Endpoint,
    EndpointStatus,
    SealedSecret,
    Settlement,
)
from tests.contract.webhooks.harness import A, B, C, Post, Stores, endpoint
from tests.unit.features.journal.harness import NOON


class TestEndpoints:
    async def test_one_comes_back_as_it_went_in(self, stores: Stores) -> None:
        full = endpoint(
            B,
            url="https://größe.example/ü?x=%20",
            tenant="acme",
            events=frozenset({"token.generated", "key.created"}),
            description="Grüße, 世界 🎙",
            status=EndpointStatus.DISABLED,
            disabled_reason=DisabledReason.FAILING,
            secrets=(
                SealedSecret(sealed=bytes(range(256)), created_at=NOON + 1.5),
                SealedSecret(sealed=b"", created_at=NOON, expires_at=NOON + 86_400),
            ),
            updated_at=NOON + 2.25,
        )
        for made in (endpoint(), full):
            assert await stores.endpoints.add(made)
            assert await stores.endpoints.get(made.id) == made
        assert await stores.endpoints.get(C) is None

    async def test_an_id_is_taken_once(self, stores: Stores, one: Endpoint) -> None:
        number = await stores.revision.read()
        assert not await stores.endpoints.add(endpoint(description="other"))
        assert await stores.endpoints.get(A) == one
        assert await stores.revision.read() == number

    async def test_each_change_moves_the_revision(self, stores: Stores) -> None:
        numbers = [await stores.revision.read()]
        for change in (
            stores.endpoints.add(endpoint()),
            stores.endpoints.update(endpoint(description="new"), before=endpoint()),
            stores.endpoints.remove(A),
        ):
            assert await change
            numbers.append(await stores.revision.read())
        assert numbers == sorted(set(numbers))
        assert not await stores.endpoints.remove(A)
        assert await stores.revision.read() == numbers[-1]

    async def test_a_change_is_made_only_to_what_was_seen(self, stores: Stores, one: Endpoint) -> None:
        disabled = replace(one, status=EndpointStatus.DISABLED, disabled_reason=DisabledReason.OPERATOR)
        assert await stores.endpoints.update(disabled, before=one)
        assert not await stores.endpoints.update(replace(one, description="new"), before=one)
        assert await stores.endpoints.get(A) == disabled
        assert not await stores.endpoints.update(endpoint(B), before=endpoint(B))

    async def test_lists_begin_with_the_oldest_and_keep_tenants_apart(self, stores: Stores) -> None:
        for endpoint_id, at, owner in ((A, 3, None), (B, 1, "acme"), (C, 2, "other")):
            await stores.endpoints.add(endpoint(endpoint_id, created_at=NOON + at, tenant=owner))

        async def letters(**asked: Any) -> str:
            page = await stores.endpoints.list(**{"tenant": None, "after": None, "limit": 9, **asked})
            return "".join(found.id[-1] for found in page)

        assert await letters() == "bca"
        assert await letters(limit=2) == "bc"
        assert await letters(after=C) == "a"
        assert await letters(tenant="acme") == "b"
        assert await letters(tenant="acme", after=C) == "", "it is somebody else's"
        assert [await stores.endpoints.count(tenant=owner) for owner in (None, "acme", "nobody")] == [1, 1, 0]


class TestStanding:
    async def since(self, post: Post) -> float | None:
        found = await post.stores.endpoints.get(A)
        assert found is not None
        return found.failing_since

    async def test_an_endpoint_fails_since_its_first_failure_and_until_something_is_delivered(
        self, post: Post, one: Endpoint
    ) -> None:
        post.tell(one.id, count=3)
        number = await post.stores.revision.read()
        first, second, third = await post.claim()
        assert await post.settle([first], DeliveryState.PENDING, due_in=5) == {A: NOON}
        post.now += 10
        assert await post.settle([second], DeliveryState.FAILED) == {A: NOON}
        assert await self.since(post) == NOON
        assert await post.settle([third]) == {}
        assert await self.since(post) is None
        assert await post.stores.revision.read() == number, "every process would forget its cache each time"

    async def test_within_a_batch_the_last_attempt_counts(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id, count=3)
        claimed = await post.claim()
        ends = [(2.0, DeliveryState.FAILED), (1.0, DeliveryState.DELIVERED), (0.0, DeliveryState.FAILED)]
        batch = [
            Settlement(claimed=each, attempt=post.attempt(each, at=NOON + at), state=state)
            for each, (at, state) in zip(claimed, ends, strict=True)
        ]
        assert await post.stores.deliveries.settle(batch, worker="w1") == {A: NOON + 2}

    async def test_a_change_of_status_begins_anew_and_another_change_does_not(
        self, post: Post, one: Endpoint
    ) -> None:
        post.tell(one.id)
        await post.settle(await post.claim(), DeliveryState.FAILED)
        renamed = replace(one, description="new")
        assert await post.stores.endpoints.update(renamed, before=one), "a failure meanwhile hinders no change"
        assert await self.since(post) == NOON
        disabled = replace(renamed, status=EndpointStatus.DISABLED)
        assert await post.stores.endpoints.update(disabled, before=renamed)
        assert await self.since(post) is None

    async def test_a_removed_endpoint_has_no_standing(self, post: Post, one: Endpoint) -> None:
        post.tell(one.id)
        claimed = await post.claim()
        await post.stores.endpoints.remove(A)
        assert await post.settle(claimed, DeliveryState.FAILED) == {}
