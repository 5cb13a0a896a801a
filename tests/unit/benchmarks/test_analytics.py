"""The question about clients' reports."""

import pytest

from benchmarks.analytics import ingest_cost, rows_counted
from benchmarks.harness.load import LoadResult

_RESULT = LoadResult(
    requests=200, duration_us=4_000_000, bad_status=0, failed=0, p50_us=1, p90_us=1, p99_us=5000, max_us=1
)


def test_each_events_share_is_of_all_events_of_all_requests() -> None:
    assert ingest_cost(_RESULT, 100, 0.5, 0.1) == pytest.approx(
        {"per_second": 5000, "cpu_us": 25, "postgres_us": 5, "p99_ms": 5}
    )


@pytest.mark.parametrize(
    ("output", "rows"),
    [
        ("12345 rows were counted.\n", 12345),
        ("a warning\n7 rows were counted.\n", 7),
        ('{\n  "a": 1\n}\n', 0),
        ("", 0),
    ],
)
def test_the_command_says_how_many_rows_it_counted(output: str, rows: int) -> None:
    assert rows_counted(output) == rows
