"""The store in memory; what every store must do stands in tests/contract/test_access_stores.py."""

from limi.features.api_keys.memory import InMemoryApiKeyStore
from limi.features.api_keys.ports import ApiKeyStore


def test_it_fits_the_port_and_begins_empty() -> None:
    moves: list[None] = []
    store: ApiKeyStore = InMemoryApiKeyStore(moved=lambda: moves.append(None))
    assert isinstance(store, InMemoryApiKeyStore)
    assert moves == []
