"""The question about what a mint costs, asked of made-up servers by a load of three requests."""

import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks import mint
from benchmarks.contenders import read_common
from benchmarks.harness.load import Load, LoadError, LoadResult
from benchmarks.harness.processes import choose_cores
from benchmarks.harness.rounds import Options
from benchmarks.harness.servers import Contender, post
from benchmarks.mint import burst_seconds

_ROOT = Path(__file__).parents[3]
_OPTIONS = Options(rounds=2, seconds=1.0, warm_up_seconds=1.0, connections=3)
_OK = 200


def _contender(name: str, *arguments: str) -> Contender:
    program = [sys.executable, "-m", "tests.unit.benchmarks.relay"]
    return Contender(
        name=name,
        title=name,
        command=lambda launch: [*program, str(launch.port), launch.upstream_url, *arguments],
        environ=lambda _: {"PYTHONPATH": str(_ROOT)},
        versions=dict,
        read=read_common,
        rest_seconds=0.0,
    )


class _SmallLoad:
    """Asks three times in place of a second's load; each key takes a microsecond."""

    def __init__(self) -> None:
        self.spent = 0.0
        self.result = LoadResult(
            requests=3,
            duration_us=6_000,  # 500 answers a second, so that bursts are short
            bad_status=0,
            failed=0,
            p50_us=1,
            p90_us=1,
            p99_us=1,
            max_us=1,
        )
        self.seconds: list[float] = []

    def ask(self, contender: Contender, *, port: int, load: Load, core: int) -> LoadResult:
        assert core == choose_cores().load
        self.seconds.append(load.seconds)
        for _ in range(load.connections):
            if post(contender, port)[0] != _OK:
                raise LoadError("the driver saw no key")
            self.spent += 1e-6
        return self.result


@pytest.fixture(autouse=True)
def small_load(monkeypatch: pytest.MonkeyPatch) -> _SmallLoad:
    load = _SmallLoad()
    monkeypatch.setattr(mint, "run_load", load.ask)
    # The kernel counts in hundredths of a second, which is much beside a load this short.
    monkeypatch.setattr("benchmarks.harness.servers.cpu_seconds", lambda _: load.spent)
    return load


def test_each_has_a_figure_of_every_burst_and_its_ratio_to_the_others() -> None:
    report = mint.measure([_contender("a"), _contender("b")], _OPTIONS)
    assert report.missing == {}
    assert [row.name for row in report.rows] == ["a", "b"]
    assert (report.run.rounds, report.run.seconds, report.run.in_bursts) == (2, 1.0, True)
    for row in report.rows:
        assert len(row.rounds["cpu_s_per_1000"]) == 2
        assert row.figures["cpu_s_per_1000"].median == pytest.approx(0.001)
        assert row.figures["memory_mb"].median > 1
        assert row.figures["per_second"].median == 500.0
    assert {column.key for column in report.columns} == set(report.rows[0].figures)
    assert report.ratios["b"]["a"].median == pytest.approx(1.0)


def test_a_server_that_ends_in_the_middle_is_named_with_its_reason_and_the_others_go_on() -> None:
    # A start takes one answer, the check another, and warming up three: the first burst is its last.
    report = mint.measure([_contender("a", "--ends-after=7"), _contender("b")], _OPTIONS)
    assert report.missing["a"].endswith("it ended with status 3 while it was measured")
    assert [len(row.rounds["per_second"]) for row in report.rows] == [2]


def test_a_server_that_does_not_ask_upstream_for_each_key_is_found() -> None:
    report = mint.measure([_contender("a", "--keeps")], _OPTIONS)
    assert report.missing == {"a": "3 keys were handed out, and 0 made by upstream"}
    assert report.rows == []


def test_work_for_requests_that_nobody_waited_for_is_divided_by_their_keys_too(small_load: _SmallLoad) -> None:
    """A microsecond a key is a millisecond for a thousand, also where the load was handed one key of three."""
    small_load.result = msgspec.structs.replace(small_load.result, requests=1, duration_us=2_000)
    report = mint.measure([_contender("a")], _OPTIONS)
    assert report.rows[0].figures["cpu_s_per_1000"].median == pytest.approx(0.001)


def test_a_slow_server_has_fewer_bursts_each_after_a_load_that_is_not_measured(small_load: _SmallLoad) -> None:
    small_load.result = msgspec.structs.replace(small_load.result, duration_us=24_000)
    report = mint.measure([_contender("a")], Options(rounds=6, seconds=1.0, warm_up_seconds=8.0, connections=3))
    assert report.rows[0].turns == [1, 5]
    assert small_load.seconds == [8.0, 4.0, 4.0, 4.0, 4.0]
    assert report.rows[0].figures["cpu_s_per_1000"].median == pytest.approx(0.001)


@pytest.mark.parametrize(("answers", "seconds"), [(5000, 1.0), (500, 1.0), (240, 3.0), (20, 5.0)])
def test_bursts_of_a_slow_server_are_longer_up_to_a_limit(
    small_load: _SmallLoad, answers: int, seconds: float
) -> None:
    warmed = msgspec.structs.replace(small_load.result, requests=answers, duration_us=1_000_000)
    assert burst_seconds(warmed, least=1.0) == seconds
