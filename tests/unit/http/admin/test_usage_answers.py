import csv
import io

import msgspec

from limi.features.analytics.model import Counts, Dimension, Grain, UsageQuery, UsageRow
from limi.features.analytics.sketch import DurationSketch
from limi.features.analytics.usage import Bucket, Usage, UsageWish
from limi.http.admin.usage_answers import UsageAnswer, columns_of, usage_csv, usage_table
from tests.unit.features.analytics.harness import NOON

COUNTS = Counts(1, 2, 3, 4, 5, 6, 2, 9)


def answer(*rows: UsageRow, group: tuple[Dimension, ...] = ()) -> UsageAnswer:
    query = UsageQuery(grain=Grain.HOUR, since=int(NOON), until=int(NOON) + 3600, series=True, group=group)
    return UsageAnswer.of(
        Usage(wish=UsageWish(bucket=Bucket.HOUR, group=group), query=query, kept_since=0, rows=list(rows))
    )


def row(*group: str, counts: Counts = COUNTS, durations: DurationSketch | None = None) -> UsageRow:
    return UsageRow(start=int(NOON), group=group, counts=counts, durations=durations)


def test_everything_that_was_counted_is_told() -> None:
    told = msgspec.to_builtins(answer(row(durations=DurationSketch([100, 100, 100, 900]))))
    assert (told["since"], told["bucket"], told["group"]) == ("2027-01-15T08:00:00.000Z", "hour", [])
    (point,) = told["points"]
    assert point["mints"] == {"succeeded": 1, "failed": 2, "unresolved": 3, "replayed": 4, "refused": 5}
    assert point["connections"] == {
        "succeeded": 6,
        "failed": 2,
        "successRate": 0.75,
        "p50Ms": 100,
        "p90Ms": 903,
        "p95Ms": 903,
        "p99Ms": 903,
    }
    assert point["errors"] == 9
    assert not {"tenant", "frontend", "model", "code"} & point.keys()


def test_groups_are_told_and_none_is_null() -> None:
    told = msgspec.to_builtins(answer(row("acme", ""), group=(Dimension.TENANT, Dimension.MODEL)))
    assert (told["points"][0]["tenant"], told["points"][0]["model"]) == ("acme", None)


def test_a_rate_is_told_only_where_successes_and_failures_are_together() -> None:
    """Told apart by code, failures have one and successes have none."""
    assert answer(row("network_error"), group=(Dimension.CODE,)).points[0].connections.success_rate is None
    assert answer(row(counts=Counts(minted=1))).points[0].connections.success_rate is None


def test_a_table_has_the_same_numbers() -> None:
    told = answer(row("-1+1", "vue"), row("acme", "vue"), group=(Dimension.TENANT, Dimension.FRONTEND))
    lines = list(csv.DictReader(io.StringIO(usage_csv(told).decode(), newline="")))
    assert [line["tenant"] for line in lines] == ["'-1+1", "acme"]
    assert (lines[1]["mints_succeeded"], lines[1]["connections_success_rate"], lines[1]["errors"]) == (
        "1",
        "0.75",
        "9",
    )
    assert lines[1]["connections_p50_ms"] == ""
    assert list(lines[0]) == columns_of(told)
    assert {len(line) for line in usage_table(told)} == {len(columns_of(told))}


def test_nothing_is_a_table_with_a_header() -> None:
    assert usage_csv(answer()).count(b"\r\n") == 1
