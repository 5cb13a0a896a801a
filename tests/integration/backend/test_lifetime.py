"""What is opened for a backend is closed with it."""

from limi.features.journal.memory import InMemoryJournalStore
from limi.testing import running_backend


class WatchedStore(InMemoryJournalStore):
    """A store that says whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def close(self) -> None:
        self.closed = True


async def test_the_journals_store_is_open_while_the_backend_runs_and_closed_after() -> None:
    store = WatchedStore()
    async with running_backend(store=store):
        assert not store.closed
    assert store.closed
