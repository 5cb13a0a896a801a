"""Questions about use, in SQL: counts are added up by the database, histograms here."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, func, or_, select

from limi.adapters.sql.tables import usage_rollups
from limi.features.analytics.errors import InvalidUsageQueryError
from limi.features.analytics.model import COUNTS, Counts, UsageQuery, UsageRow
from limi.features.analytics.sketch import DurationSketch

__all__ = ["read_usage"]

_MOST_HISTOGRAMS: Final = 20_000
"""Histograms added up for one answer: two seconds of work, in a thread."""

_Place = tuple[int, tuple[str, ...]]


def read_usage(engine: Engine, *, query: UsageQuery, most: int) -> list[UsageRow]:
    """Return what was counted, in order of time and group; one row more than `most` says there were too many.

    Raises:
        InvalidUsageQueryError: too many histograms would have to be added up.
    """
    with engine.connect() as connection:
        counted = _counts(connection, query, most + 1)
        if len(counted) > most:
            return [
                UsageRow(start=start, group=group, counts=counts) for (start, group), counts in counted.items()
            ]
        durations = _durations(connection, query)
    # Sorted here, because databases sort texts in orders of their own.
    return [
        UsageRow(start=place[0], group=place[1], counts=counts, durations=durations.get(place))
        for place, counts in sorted(counted.items())
    ]


def _counts(connection: Connection, query: UsageQuery, limit: int) -> dict[_Place, Counts]:
    by = _by(query)
    sums = [func.sum(usage_rollups.c[name]) for name in COUNTS]
    # Without anything to group by there is one row, even of nothing; and what was taken back leaves one of zeros.
    something = or_(*(total != 0 for total in sums))
    statement = select(*by, *sums).where(*_conditions(query)).group_by(*by).having(something).limit(limit)
    found = connection.execute(statement)
    return {_place(row, query): Counts(*map(int, row[len(by) :])) for row in found}


def _durations(connection: Connection, query: UsageQuery) -> dict[_Place, DurationSketch]:
    statement = (
        select(*_by(query), usage_rollups.c.durations)
        .where(*_conditions(query), usage_rollups.c.durations.is_not(None))
        .limit(_MOST_HISTOGRAMS + 1)
    )
    rows = connection.execute(statement).all()
    if len(rows) > _MOST_HISTOGRAMS:
        rule = "percentiles of so much cannot be told at once; ask for a longer bucket, less time or one tenant"
        raise InvalidUsageQueryError(field="bucket", rule=rule)
    sketches: dict[_Place, DurationSketch] = {}
    for row in rows:
        sketches.setdefault(_place(row, query), DurationSketch()).add(row[-1])
    return sketches


def _by(query: UsageQuery) -> list[ColumnElement[Any]]:
    groups = [usage_rollups.c[dimension.value] for dimension in query.group]
    return [usage_rollups.c.start, *groups] if query.series else list(groups)


def _place(row: Sequence[Any], query: UsageQuery) -> _Place:
    groups = len(query.group)
    if query.series:
        return row[0], tuple(row[1 : groups + 1])
    return query.since, tuple(row[:groups])


def _conditions(query: UsageQuery) -> list[ColumnElement[bool]]:
    columns = usage_rollups.c
    return [
        columns.grain == query.grain.seconds,
        columns.start >= query.since,
        columns.start < query.until,
        *(columns[dimension.value] == value for dimension, value in query.where.items()),
    ]
