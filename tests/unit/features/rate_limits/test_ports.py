from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.model import Window
from limi.features.rate_limits.ports import WindowStore
from limi.testing import ManualClock


async def test_the_store_in_memory_serves_as_the_port() -> None:
    store: WindowStore = InMemoryWindowStore(clock=ManualClock(), max_keys=1)
    assert (await store.admit([Window("a", 1)])).admitted
