"""What is read from a driver, and when its figures are refused."""

import pytest

from benchmarks.harness.load import LoadError, LoadResult, Watch, parse_result

_LINE = (
    '{"requests":1000,"duration_us":2000000,"bad_status":0,"failed":0,'
    '"p50_us":10,"p90_us":20,"p99_us":30,"max_us":40}'
)


def _result(cpu_seconds: float) -> LoadResult:
    return LoadResult(
        requests=1,
        duration_us=1,
        bad_status=0,
        failed=0,
        p50_us=1,
        p90_us=1,
        p99_us=1,
        max_us=1,
        cpu_seconds=cpu_seconds,
    )


def test_the_result_is_one_line_among_what_the_driver_prints() -> None:
    result = parse_result(f"Running 1s test\nRESULT {_LINE}\nTransfer/sec: 1MB\n")
    assert (result.requests, result.per_second, result.p99_us) == (1000, 500.0, 30)


def test_output_without_a_result_is_an_error() -> None:
    with pytest.raises(LoadError, match="no result"):
        parse_result("unable to connect")


def test_figures_made_with_a_busy_load_core_are_refused() -> None:
    watch = Watch(10.0)
    with pytest.raises(LoadError, match="load and upstream used"):
        watch.share(10_000.0, _result(cpu_seconds=1.0))


def test_the_share_counts_driver_and_upstream() -> None:
    assert Watch(10.0).share(10.0, _result(cpu_seconds=0.0)) == 0.0
