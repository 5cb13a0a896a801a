"""What is made of settings before there are routes; `tests/integration/backend` tests how it works together."""

from pathlib import Path

from limi.adapters.configuration import load_settings
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.kernel.settings import Settings
from limi.parts import Given, Parts, make_parts, upstream_url
from limi.testing import CountingIds, ManualClock
from limi.testing.backend import known_keys


def made(settings: Settings, given: Given) -> Parts:
    return make_parts(settings, keys=known_keys(), clock=ManualClock(), ids=CountingIds(), given=given)


def test_beside_a_journal_that_was_given_everything_is_in_memory(tmp_path: Path) -> None:
    settings = load_settings({"LIMI_DATABASE_URL": f"sqlite:///{tmp_path}/unused/limi.db"})
    store = InMemoryJournalStore()
    parts = made(settings, Given(store=store))
    assert parts.store is store
    assert isinstance(parts.webhooks.deliveries.store, InMemoryDeliveryStore)
    assert list(tmp_path.iterdir()) == []


def test_without_a_journal_everything_is_in_the_database(tmp_path: Path) -> None:
    settings = load_settings({"LIMI_DATABASE_URL": f"sqlite:///{tmp_path}/data/limi.db"})
    parts = made(settings, Given())
    parts.store.close()
    parts.access.stores.close()
    parts.webhooks.deliveries.close()
    assert (tmp_path / "data" / "limi.db").exists()
    assert not isinstance(parts.webhooks.deliveries.store, InMemoryDeliveryStore)


def test_the_sandbox_is_made_only_where_there_is_no_key() -> None:
    with_key = load_settings({"OPENAI_API_KEY": "sk-proj-0123456789abcdef"})
    assert made(load_settings({}), Given(store=InMemoryJournalStore())).sandbox is not None
    assert made(with_key, Given(store=InMemoryJournalStore())).sandbox is None


def test_upstream_is_openai_unless_another_is_named() -> None:
    assert upstream_url(load_settings({})) == "https://api.openai.com/v1"
    assert upstream_url(load_settings({"LIMI_UPSTREAM_URL": "http://127.0.0.1:9/v1"})) == "http://127.0.0.1:9/v1"
