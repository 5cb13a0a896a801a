"""What the HTTP layer tells."""

from limi.adapters.telemetry.metrics import Metrics
from limi.http.ports import MintObserver


def test_the_metrics_are_an_observer() -> None:
    metrics = Metrics()
    observer: MintObserver = metrics
    observer.mint_ended("succeeded", "", 0.01)
    observer.limit_decided("mint", admitted=True)
    text = metrics.render().decode()
    assert 'limi_mints_total{code="",outcome="succeeded"} 1.0' in text
    assert 'limi_limit_decisions_total{decision="admitted",limit="mint"} 1.0' in text
