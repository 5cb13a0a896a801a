"""Who is told of what, and how soon a change of that is known."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from limi.features.revision.memory import InMemoryRevisionStore, NullRevisionSignal, StillRevision
from limi.features.revision.service import RevisionWatch
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.model import Endpoint, EndpointId, EndpointStatus, SealedSecret
from limi.features.webhooks.subscriptions import Subscriptions
from limi.kernel.facts import (
    AuthRefused,
    Fact,
    KeyCreated,
    KeyMinted,
    Origin,
    TokenAnnounced,
    WebhookDisabled,
    WebhookTested,
)
from limi.kernel.revision import AccessUnavailableError
from limi.testing import VirtualClock

SECRET = SealedSecret(sealed=b"", created_at=0.0)


class Elsewhere:
    """Another process, whose changes the watch of this one sees when it looks, twice a second."""

    def __init__(self, clock: VirtualClock) -> None:
        self._numbers = InMemoryRevisionStore()
        self.watch = RevisionWatch(
            store=self._numbers,
            signal=NullRevisionSignal(),
            clock=clock,
            poll_seconds=0.5,
            stale_seconds=5.0,
            sleep=clock.sleep,
        )
        self.change = self._numbers.move


class Store(InMemoryEndpointStore):
    """Counts how often it is read, and can be away."""

    broken = False
    reads = 0

    async def list(self, *, tenant: str | None, after: EndpointId | None, limit: int) -> Any:
        self.reads += 1
        if self.broken:
            raise AccessUnavailableError("the disk is gone")
        return await super().list(tenant=tenant, after=after, limit=limit)


def endpoint(
    name: str, *, tenant: str | None = None, events: tuple[str, ...] = (), enabled: bool = True
) -> Endpoint:
    return Endpoint(
        id=EndpointId(name),
        url=f"https://{name}.example/",
        tenant=tenant,
        events=frozenset(events),
        status=EndpointStatus.ENABLED if enabled else EndpointStatus.DISABLED,
        secrets=(SECRET,),
        created_at=0.0,
        updated_at=0.0,
    )


def fact(kind: type[Fact] = KeyMinted, *, tenant: str | None = None, subject: str | None = None) -> Fact:
    return kind(id="0" * 32, at=0.0, origin=Origin(request_id="r", caller="c", tenant=tenant), subject=subject)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def elsewhere(clock: VirtualClock) -> AsyncIterator[Elsewhere]:
    made = Elsewhere(clock)
    await made.watch.start()
    yield made
    await made.watch.stop()


async def known(store: Store, *endpoints: Endpoint) -> Subscriptions:
    for each in endpoints:
        await store.add(each)
    subscriptions = Subscriptions(store=store)
    await subscriptions.refresh()
    return subscriptions


async def test_without_endpoints_nobody_is_told(store: Store) -> None:
    assert Subscriptions(store=store).wanted(fact()) == ()
    assert (await known(store)).wanted(fact()) == ()


async def test_everything_that_is_delivered_goes_to_who_chose_nothing(store: Store) -> None:
    subscriptions = await known(store, endpoint("a"))
    for kind in (KeyMinted, TokenAnnounced, KeyCreated):
        assert list(subscriptions.wanted(fact(kind))) == ["a"]
    assert list(subscriptions.wanted(fact(AuthRefused))) == []


async def test_who_chose_gets_what_it_chose(store: Store) -> None:
    subscriptions = await known(
        store, endpoint("a", events=("key.created",)), endpoint("b", events=("token.generated",))
    )
    assert list(subscriptions.wanted(fact(KeyCreated))) == ["a"]
    assert list(subscriptions.wanted(fact(KeyMinted))) == ["b"]
    assert list(subscriptions.wanted(fact(TokenAnnounced))) == ["b"]


async def test_a_tenant_is_told_of_itself_and_the_operator_of_all(store: Store) -> None:
    subscriptions = await known(
        store, endpoint("all"), endpoint("acme", tenant="acme"), endpoint("other", tenant="other")
    )
    assert list(subscriptions.wanted(fact(tenant="acme"))) == ["all", "acme"]
    assert list(subscriptions.wanted(fact(tenant="third"))) == ["all"]
    assert list(subscriptions.wanted(fact())) == ["all"]


async def test_a_disabled_endpoint_is_told_nothing(store: Store) -> None:
    subscriptions = await known(store, endpoint("a", enabled=False))
    assert list(subscriptions.wanted(fact())) == []
    assert list(subscriptions.wanted(fact(WebhookTested, subject="webhook:a"))) == []


async def test_a_test_goes_to_its_endpoint_whatever_that_chose(store: Store) -> None:
    subscriptions = await known(
        store, endpoint("a", tenant="acme", events=("key.created",)), endpoint("b"), endpoint("c", tenant="acme")
    )
    assert list(subscriptions.wanted(fact(WebhookTested, tenant="acme", subject="webhook:a"))) == ["a"]
    assert list(subscriptions.wanted(fact(WebhookTested, subject="webhook:unknown"))) == []


async def test_of_its_own_end_an_endpoint_is_not_told(store: Store) -> None:
    subscriptions = await known(store, endpoint("a"), endpoint("b"))
    assert list(subscriptions.wanted(fact(WebhookDisabled, subject="webhook:a"))) == ["b"]


async def test_more_endpoints_than_a_page_are_all_read(store: Store) -> None:
    for number in range(1201):
        await store.add(msgspec.structs.replace(endpoint(f"e{number:04}"), created_at=float(number)))
    subscriptions = await known(store)
    assert len(subscriptions.wanted(fact())) == 1201
    assert store.reads == 3


async def test_a_change_elsewhere_is_known_as_soon_as_the_number_moved(
    store: Store, clock: VirtualClock, elsewhere: Elsewhere
) -> None:
    subscriptions = Subscriptions(store=store, sleep=clock.sleep)
    await subscriptions.start(revision=elsewhere.watch)
    await store.add(endpoint("a"))
    await clock.advance(10)
    assert list(subscriptions.wanted(fact())) == []
    assert store.reads == 1
    elsewhere.change()
    await clock.advance(0.5)
    assert list(subscriptions.wanted(fact())) == ["a"]
    assert store.reads == 2
    await subscriptions.stop()
    await subscriptions.stop()
    assert list(subscriptions.wanted(fact())) == ["a"]


async def test_a_store_that_is_away_leaves_what_was_known_and_is_said_once(
    store: Store, clock: VirtualClock, elsewhere: Elsewhere
) -> None:
    await store.add(endpoint("a"))
    subscriptions = Subscriptions(store=store, sleep=clock.sleep)
    await subscriptions.start(revision=elsewhere.watch)
    store.broken = True
    elsewhere.change()
    with capture_logs() as logs:
        await clock.advance(2)
        assert list(subscriptions.wanted(fact())) == ["a"]
        store.broken = False
        await store.add(endpoint("b"))
        await clock.advance(0.3)
    await subscriptions.stop()
    assert list(subscriptions.wanted(fact())) == ["a", "b"]
    assert [line["event"] for line in logs] == ["webhooks.subscriptions_unavailable"]


async def test_whoever_delivers_is_woken_from_the_writers_thread(store: Store) -> None:
    clock = VirtualClock()
    subscriptions = Subscriptions(store=store, sleep=clock.sleep)
    subscriptions.written(1)
    await subscriptions.start(revision=StillRevision())
    woken = asyncio.Event()
    subscriptions.subscribe(woken.set)
    await asyncio.to_thread(subscriptions.written, 3)
    await woken.wait()
    await subscriptions.stop()
    woken.clear()
    await asyncio.to_thread(subscriptions.written, 3)
    assert not woken.is_set()


def test_a_loop_that_has_ended_does_not_matter_to_the_writer(store: Store) -> None:
    async def begin() -> Subscriptions:
        subscriptions = Subscriptions(store=store)
        await subscriptions.start(revision=StillRevision())
        await subscriptions.stop()
        subscriptions.subscribe(lambda: None)
        return subscriptions

    asyncio.run(begin()).written(1)


async def test_an_endpoint_that_is_not_known_is_looked_for_once_more(store: Store) -> None:
    subscriptions = await known(store)
    await store.add(endpoint("a"))
    assert await subscriptions.find(EndpointId("a")) == endpoint("a")
    assert await subscriptions.find(EndpointId("b")) is None


async def test_many_who_miss_the_same_endpoint_look_once(store: Store) -> None:
    subscriptions = await known(store)
    await store.add(endpoint("a"))
    reads = store.reads
    found = await asyncio.gather(*(subscriptions.find(EndpointId("a")) for _ in range(20)))
    assert found == [endpoint("a")] * 20
    assert store.reads == reads + 1


async def test_a_row_that_cannot_be_read_does_not_end_the_looks(
    store: Store, clock: VirtualClock, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriptions = Subscriptions(store=store, sleep=clock.sleep)
    await subscriptions.start(revision=elsewhere.watch)
    await store.add(endpoint("a"))
    elsewhere.change()

    async def fail(**_: object) -> None:
        raise ValueError("a reason that this version does not know")

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(store, "list", fail)
        await clock.advance(1)
    await clock.advance(1)
    await subscriptions.stop()
    assert list(subscriptions.wanted(fact())) == ["a"]
    assert [line["event"] for line in logs] == ["webhooks.subscriptions_unavailable"]
