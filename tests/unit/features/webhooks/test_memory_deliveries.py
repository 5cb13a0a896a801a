"""The deliveries in memory; what every store must do stands in tests/contract/webhooks."""

from concurrent.futures import ThreadPoolExecutor

from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.features.webhooks.model import Endpoint, EndpointId, SealedSecret
from limi.features.webhooks.ports import DeliveryStore
from tests.unit.features.journal.harness import Facts


async def test_it_fits_the_port_and_begins_empty() -> None:
    store: DeliveryStore = InMemoryDeliveryStore(endpoints=InMemoryEndpointStore())
    assert (await store.backlog()).pending == 0


async def test_any_thread_may_make_deliveries() -> None:
    """The journal's writer is not the event loop's thread."""
    endpoints = InMemoryEndpointStore()
    secret = SealedSecret(sealed=b"", created_at=0.0)
    one = Endpoint(id=EndpointId("whe_x"), url="u", secrets=(secret,), created_at=0.0, updated_at=0.0)
    await endpoints.add(one)
    store = InMemoryDeliveryStore(endpoints=endpoints)
    batches = [Facts(start=number * 1_000_000).intents(200) for number in range(8)]

    def deliver(number: int) -> None:
        for fact in batches[number % 8]:
            store.deliver(fact, one.id)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(deliver, range(16)))
    assert (await store.backlog()).pending == 1600
