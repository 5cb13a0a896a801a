"""The store in memory; what every store must do stands in tests/contract/test_access_stores.py."""

from limi.features.tenants.memory import InMemoryTenantStore
from limi.features.tenants.ports import TenantStore


def test_it_fits_the_port_and_begins_empty() -> None:
    moves: list[None] = []
    store: TenantStore = InMemoryTenantStore(moved=lambda: moves.append(None))
    assert isinstance(store, InMemoryTenantStore)
    assert moves == []
