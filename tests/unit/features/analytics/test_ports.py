from limi.adapters.telemetry.metrics import Metrics
from limi.features.analytics.ports import AnalyticsObserver, ClientEventStore, RollupStore
from tests.unit.features.analytics.harness import memory_store


def test_what_is_shipped_fits() -> None:
    """The type checker compares each with its port here; tests/contract says what they must do."""
    store = memory_store()
    events: ClientEventStore = store
    rollups: RollupStore = store
    observer: AnalyticsObserver = Metrics()
    assert all((events, rollups, observer))
