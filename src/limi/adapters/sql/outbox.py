"""Deliveries, inserted by the journal's own commit: an event is durable with all of its deliveries or not at all.

They are one more statement of driver SQL, made for each database as the journal's is (`journal_rows`): parameters
on SQLite, JSON on PostgreSQL, where it is part of the journal's statement and so still one round trip and a
transaction by itself. Endpoints are looked up while they are inserted. So a snapshot of subscriptions that is out
of date makes no delivery to what was disabled or removed meanwhile, and cannot fail the facts beside it, as a
foreign key would.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

import msgspec
from sqlalchemy import Connection

from limi.adapters.sql.engine import SQLITE
from limi.adapters.sql.journal_rows import COLUMNS, INSERT_JSON, insert_rows, rows_as_json
from limi.features.journal.ports import Delivery

__all__ = ["MAX_DELIVERIES", "insert_deliveries", "insert_rows_with_deliveries"]

MAX_DELIVERIES: Final = 4096
"""Rows in one statement of SQLite: 12,288 parameters, below the 32,766 that it takes."""

_INSERT: Final = (
    "INSERT INTO webhook_deliveries "
    "(endpoint_id, fact_id, tenant, state, attempts, claims, free_at, first_due, created_at) SELECT e.id, "
)

_INSERT_JSON: Final = (
    f"{_INSERT} d.fact, e.tenant, 'pending', 0, 0, d.at, d.at, d.at "
    "FROM ROWS FROM (json_to_recordset(%s::json) AS (fact text, endpoint text, at bigint)) "
    "WITH ORDINALITY AS d (fact, endpoint, at, place) "
    "JOIN webhook_endpoints AS e ON e.id = d.endpoint AND e.status = 'enabled' "
    "ORDER BY d.place ON CONFLICT DO NOTHING"
)

_INSERT_BOTH: Final = f"WITH written AS ({INSERT_JSON}) {_INSERT_JSON}"

_encode: Final = msgspec.json.Encoder().encode
_Row = tuple[object, ...]
_Delivery = tuple[str, str, object]
"""The fact's id, the endpoint's, and when it happened, in Unix microseconds."""
_ID: Final = COLUMNS.index("id")
_AT: Final = COLUMNS.index("at")


def insert_rows_with_deliveries(
    connection: Connection, rows: Sequence[_Row], deliveries: Sequence[Delivery]
) -> None:
    """Write the journal's `rows`, and `deliveries` of them; on SQLite in the caller's transaction."""
    if connection.dialect.name == SQLITE:
        insert_rows(connection, rows)
        _insert_as_parameters(connection, _with_times(rows, deliveries))
    else:
        body = _as_json(_with_times(rows, deliveries))
        connection.exec_driver_sql(_INSERT_BOTH, (rows_as_json(rows), body))


def insert_deliveries(connection: Connection, rows: Sequence[_Row], deliveries: Sequence[Delivery]) -> None:
    """Write `deliveries` of the journal's `rows`, but for those which are there."""
    if not deliveries:
        return
    if connection.dialect.name == SQLITE:
        _insert_as_parameters(connection, _with_times(rows, deliveries))
    else:
        connection.exec_driver_sql(_INSERT_JSON, (_as_json(_with_times(rows, deliveries)),))


def _with_times(rows: Sequence[_Row], deliveries: Sequence[Delivery]) -> list[_Delivery]:
    at = {row[_ID]: row[_AT] for row in rows}
    return [(fact, endpoint, at[fact]) for fact, endpoint in deliveries]


def _as_json(deliveries: Sequence[_Delivery]) -> str:
    return _encode([{"fact": fact, "endpoint": to, "at": at} for fact, to, at in deliveries]).decode()


def _insert_as_parameters(connection: Connection, deliveries: Sequence[_Delivery]) -> None:
    for start in range(0, len(deliveries), MAX_DELIVERIES):
        some = deliveries[start : start + MAX_DELIVERIES]
        # As `journal_rows` does: a statement for each power of two, filled with copies that are there already.
        size = 1 << (len(some) - 1).bit_length()
        padded: Iterable[_Delivery] = chain(some, (some[-1],) * (size - len(some)))
        connection.exec_driver_sql(_insert_values(size), tuple(chain.from_iterable(padded)))


@lru_cache(maxsize=16)
def _insert_values(rows: int) -> str:
    values = ", ".join(["(?, ?, ?)"] * rows)
    # Joined in this order, whatever SQLite knows of the tables: the endpoint is looked up for each value.
    return (
        f"{_INSERT} v.column1, e.tenant, 'pending', 0, 0, v.column3, v.column3, v.column3 "
        f"FROM (VALUES {values}) AS v CROSS JOIN webhook_endpoints AS e "
        "WHERE e.id = v.column2 AND e.status = 'enabled' ON CONFLICT DO NOTHING"
    )
