"""How usage is told: as JSON, and as a table of the same numbers."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from limi.features.analytics.model import Dimension, UsageRow
from limi.features.analytics.usage import Bucket, Usage, success_rate
from limi.http.times import iso8601
from limi.kernel.csv_rows import csv_row

__all__ = [
    "ConnectionsAnswer",
    "MintsAnswer",
    "PointAnswer",
    "UsageAnswer",
    "columns_of",
    "usage_csv",
    "usage_table",
]

_PERCENTILES: Final = (50, 90, 95, 99)


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Members without a value are there as null. Times are ISO 8601."""


class MintsAnswer(_Answer, frozen=True):
    """How mints ended."""

    succeeded: int
    failed: int
    unresolved: int
    """Nobody knows: the server died in between."""
    replayed: int
    """Keys handed out again to a repeat."""
    refused: int
    """Requests, of any kind, that were refused for their credential or their number."""


class ConnectionsAnswer(_Answer, frozen=True):
    """How clients' attempts to connect ended, as they report it."""

    succeeded: int
    failed: int
    success_rate: float | None
    """From 0 to 1; null without attempts, and where codes are told apart: a success has none."""
    p50_ms: int | None
    """How long connecting took, in milliseconds: half of the connections took no longer."""
    p90_ms: int | None
    p95_ms: int | None
    p99_ms: int | None


class PointAnswer(_Answer, frozen=True, kw_only=True):
    """What happened in one stretch of time, to one group. Of the dimensions only those of the group are there."""

    start: str
    tenant: str | UnsetType | None = UNSET
    frontend: str | UnsetType | None = UNSET
    model: str | UnsetType | None = UNSET
    code: str | UnsetType | None = UNSET
    mints: MintsAnswer
    connections: ConnectionsAnswer
    errors: int
    """Errors that clients reported, whether or not they ended an attempt to connect."""

    @classmethod
    def of(cls, row: UsageRow, usage: Usage) -> "PointAnswer":
        """Return one row of an answer."""
        counts = row.counts
        by_code = Dimension.CODE in usage.query.group or Dimension.CODE in usage.query.where
        percentiles = [row.durations.percentile_ms(each) if row.durations else None for each in _PERCENTILES]
        rate = None if by_code else success_rate(counts)
        return cls(
            start=iso8601(row.start),
            mints=MintsAnswer(
                succeeded=counts.minted,
                failed=counts.failed,
                unresolved=counts.unresolved,
                replayed=counts.replayed,
                refused=counts.refused,
            ),
            connections=ConnectionsAnswer(
                succeeded=counts.connected,
                failed=counts.not_connected,
                success_rate=None if rate is None else round(rate, 6),
                p50_ms=percentiles[0],
                p90_ms=percentiles[1],
                p95_ms=percentiles[2],
                p99_ms=percentiles[3],
            ),
            errors=counts.errors,
            **dict(zip(usage.query.group, (value or None for value in row.group), strict=True)),
        )


class UsageAnswer(_Answer, frozen=True):
    """What was asked for, with bounds that are whole stretches of time, and what was counted."""

    since: str
    until: str
    bucket: Bucket
    group: list[Dimension]
    kept_since: str
    """What was before is not known by stretches so short any more."""
    points: list[PointAnswer]
    """Those in which anything was counted, in order of time; of `total` those with most first."""

    @classmethod
    def of(cls, usage: Usage) -> "UsageAnswer":
        """Return an answer."""
        return cls(
            since=iso8601(usage.query.since),
            until=iso8601(usage.query.until),
            bucket=usage.wish.bucket,
            group=list(usage.query.group),
            kept_since=iso8601(usage.kept_since),
            points=[PointAnswer.of(row, usage) for row in usage.rows],
        )


def columns_of(answer: UsageAnswer) -> list[str]:
    """Return the names of a table's columns."""
    return [
        "start",
        *answer.group,
        *(f"mints_{name}" for name in MintsAnswer.__struct_fields__),
        *(f"connections_{name}" for name in ConnectionsAnswer.__struct_fields__),
        "errors",
    ]


def usage_table(answer: UsageAnswer) -> list[Sequence[object]]:
    """Return the rows of a table with these columns."""
    return [
        [
            point.start,
            *(getattr(point, dimension) for dimension in answer.group),
            *msgspec.structs.astuple(point.mints),
            *msgspec.structs.astuple(point.connections),
            point.errors,
        ]
        for point in answer.points
    ]


def usage_csv(answer: UsageAnswer) -> bytes:
    """Return an answer as CSV with a header."""
    return b"".join([csv_row(columns_of(answer)), *map(csv_row, usage_table(answer))])
