"""The question about webhooks."""

from pathlib import Path
from typing import cast

import pytest

from benchmarks import webhooks
from benchmarks.harness.access_setup import Stores
from benchmarks.harness.load import LoadError
from benchmarks.harness.servers import Server
from benchmarks.harness.webhook_receiver import Deliveries, Receiver
from benchmarks.webhooks import drained


class _Clock:
    """Time that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class _Receiver:
    """Takes 100 deliveries in each tenth of a second, until all are there."""

    def __init__(self, clock: _Clock, most: int) -> None:
        self._clock = clock
        self._most = most

    def read(self) -> Deliveries:
        taken = min(self._most, 500 + round(self._clock.now * 1000))
        return Deliveries(taken=taken, events=taken, first=None)


class _Server:
    """Takes a third of a millisecond for each."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock

    @property
    def cpu_seconds(self) -> float:
        return self._clock.now / 3


def _drain(monkeypatch: pytest.MonkeyPatch, *, most: int, seconds: float = 4.0) -> webhooks.Drained:
    clock = _Clock()
    monkeypatch.setattr(webhooks, "time", clock)
    server = cast("Server", _Server(clock))
    receiver = cast("Receiver", _Receiver(clock, most))
    return drained(server, Stores(), receiver, most=most, seconds=seconds)


def test_what_goes_out_is_counted_from_the_moment_that_the_load_was_over(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _drain(monkeypatch, most=1_000_000)
    assert found.count == pytest.approx(4000, abs=100)
    assert found.cpu_seconds / found.count == pytest.approx(1 / 3000, rel=0.01)
    assert found.postgres_seconds == 0


def test_it_ends_when_all_are_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _drain(monkeypatch, most=1500)
    assert found.count == 1000
    assert found.seconds == pytest.approx(1.0)


def test_too_few_deliveries_make_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LoadError, match="too few"):
        _drain(monkeypatch, most=600)


def test_the_question_is_asked_with_the_others() -> None:
    readme = (Path(webhooks.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | [{name}.py]({name}.py) |" in readme for name in ("webhooks", "analytics"))
