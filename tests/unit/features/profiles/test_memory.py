"""The store in memory; what every store must do stands in tests/contract/test_access_stores.py."""

from limi.features.profiles.memory import InMemoryProfileStore
from limi.features.profiles.ports import ProfileStore


def test_it_fits_the_port_and_begins_empty() -> None:
    moves: list[None] = []
    store: ProfileStore = InMemoryProfileStore(moved=lambda: moves.append(None))
    assert isinstance(store, InMemoryProfileStore)
    assert moves == []
