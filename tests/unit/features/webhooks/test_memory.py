"""The endpoints in memory; what every store must do stands in tests/contract/webhooks."""

from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.model import Endpoint, EndpointId, SealedSecret
from limi.features.webhooks.ports import EndpointStore


def endpoint(endpoint_id: str, tenant: str | None = None) -> Endpoint:
    secret = SealedSecret(sealed=b"", created_at=0.0)
    return Endpoint(
        id=EndpointId(endpoint_id),
        url="https://example.com/",
        tenant=tenant,
        secrets=(secret,),
        created_at=0.0,
        updated_at=0.0,
    )


def test_it_fits_the_port_and_begins_empty() -> None:
    store: EndpointStore = InMemoryEndpointStore()
    assert isinstance(store, InMemoryEndpointStore)
    assert store.find(EndpointId("whe_x")) is None


async def test_it_tells_who_waits_for_an_endpoint_that_is_removed() -> None:
    moves: list[None] = []
    removed: list[EndpointId] = []
    store = InMemoryEndpointStore(moved=lambda: moves.append(None))
    store.on_remove = removed.append
    await store.add(endpoint("whe_x"))
    await store.remove(EndpointId("whe_y"))
    await store.remove(EndpointId("whe_x"))
    assert (removed, len(moves)) == (["whe_x"], 2)


async def test_a_tenants_endpoints_go_together() -> None:
    store = InMemoryEndpointStore()
    for name, tenant in (("whe_a", "acme"), ("whe_b", None), ("whe_c", "acme")):
        await store.add(endpoint(name, tenant))
    store.drop_all("acme")
    assert [each.id for each in await store.list(tenant=None, after=None, limit=9)] == ["whe_b"]


def test_the_standing_of_what_is_gone_is_nobodys() -> None:
    store = InMemoryEndpointStore()
    store.note_standing(EndpointId("whe_x"), failing_since=1.0)
    assert store.find(EndpointId("whe_x")) is None
