"""Facts as rows, and a batch of them as one statement of driver SQL.

Appending is the hot path, and each database is quick in its own way:

- SQLite takes all values as parameters of one statement. `executemany` takes as little CPU, but the driver then
  gives up the interpreter's lock and asks for it back for each row, and beside a busy event loop a hundred rows
  wait half a second for it.
- PostgreSQL takes the whole batch as one parameter, JSON. With parameters its driver takes 70 to 95 microseconds
  of CPU for each of many rows, because values and types of thousands are described one by one; with JSON, 4 to 9.
  The same statement takes the writers' lock and so is a transaction by itself: one round trip in place of four.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Connection, LargeBinary

from limi.adapters.sql.engine import WRITE_LOCK_ID
from limi.adapters.sql.tables import journal
from limi.features.journal.lines import microseconds
from limi.features.journal.model import Link
from limi.kernel.facts import Fact

__all__ = ["COLUMNS", "INSERT_JSON", "MAX_ROWS", "insert_rows", "make_row", "rows_as_json"]

COLUMNS: Final = (
    "id",
    "writer",
    "at",
    "event",
    "outcome",
    "request_id",
    "caller",
    "tenant",
    "ip",
    "user_agent",
    "session_id",
    "model",
    "duration_ms",
    "expires_at",
    "code",
    "resolves",
    "subject",
    "detail",
    "n",
    "hash",
    "frontend",
)
"""What a fact becomes; `seq` is the database's."""

MAX_ROWS: Final = 512
"""Rows in one statement of SQLite: 10,752 parameters, below the 32,766 that it takes."""

_MAX_STATEMENTS: Final = 128
"""As many as the driver keeps prepared."""

_encode: Final = msgspec.json.Encoder().encode
_Row = tuple[object, ...]


def make_row(fact: Fact, writer: str, link: Link | None) -> _Row:
    """Return the values of `COLUMNS`; enums by value, because psycopg would write their names.

    `_value_` is what `value` returns, for a tenth of what Python 3.11 takes for that.
    """
    origin = fact.origin
    return (
        fact.id,
        writer,
        microseconds(fact.at),
        fact.event._value_,
        fact.outcome._value_,
        origin.request_id,
        origin.caller,
        origin.tenant,
        origin.ip,
        origin.user_agent,
        fact.session_id,
        fact.model,
        fact.duration_ms,
        fact.expires_at,
        fact.code,
        fact.resolves,
        fact.subject,
        fact.detail,
        link.n if link else None,
        link.hash if link else None,
        origin.frontend._value_ if origin.frontend is not None else None,
    )


def insert_rows(connection: Connection, rows: Sequence[_Row]) -> None:
    """Write `rows` in their order, but for those whose id is there.

    On PostgreSQL it takes the lock that keeps other writers out until the transaction ends. On SQLite more than
    `MAX_ROWS` are several statements, for which the caller holds a transaction.

    Raises:
        sqlite3.Error: when SQLite does not take them.
        SQLAlchemyError: when PostgreSQL does not.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        for start in range(0, len(rows), MAX_ROWS):
            _insert_as_parameters(connection, rows[start : start + MAX_ROWS])
    else:
        connection.exec_driver_sql(INSERT_JSON, (rows_as_json(rows),))


def rows_as_json(rows: Sequence[_Row]) -> str:
    """Return `rows` as the parameter of `INSERT_JSON`."""
    return _encode([dict(zip(COLUMNS, row, strict=True)) for row in rows]).decode()


def _insert_as_parameters(connection: Connection, rows: Sequence[_Row]) -> None:
    # The driver keeps prepared statements by their text, so there are few: four for each doubling, 32 in all. The
    # rows missing to one are copies of the last, which the database skips because their id is there. Each takes a
    # third of what a row does, so the statements are not fewer.
    step = max(1, (1 << (len(rows) - 1).bit_length()) // 8)
    padded = [*rows, *[rows[-1]] * (-len(rows) % step)]
    columns = dict(zip(COLUMNS, zip(*padded, strict=True), strict=True))
    # Those that are null in all rows are left out: the driver asks for each null how it is written.
    told = {name: values for name, values in columns.items() if any(values) or values.count(None) < len(values)}
    values = tuple(chain.from_iterable(zip(*told.values(), strict=True)))
    # Given to the driver itself: what SQLAlchemy does around a statement, 24 µs, is a tenth of what 32 rows take.
    connection.connection.cursor().execute(_insert_values(tuple(told), len(padded)), values)


@lru_cache(maxsize=_MAX_STATEMENTS)
def _insert_values(columns: tuple[str, ...], rows: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    values = ", ".join([row] * rows)
    return f"INSERT INTO journal ({', '.join(columns)}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608 - constants


def _type_in_json(name: str) -> str:
    return "bigint" if isinstance(journal.c[name].type, BigInteger) else "text"


def _from_json(name: str) -> str:
    # Bytes are written in Base64 where JSON has no word for them.
    binary = isinstance(journal.c[name].type, LargeBinary)
    return f"decode(row.{name}, 'base64')" if binary else f"row.{name}"


# The numbers that the database gives are in the order of the batch, and given when the lock is held.
INSERT_JSON: Final = (
    f"INSERT INTO journal ({', '.join(COLUMNS)}) SELECT {', '.join(map(_from_json, COLUMNS))} "  # noqa: S608 - as above
    f"FROM (SELECT pg_advisory_xact_lock({WRITE_LOCK_ID})) AS held, ROWS FROM (json_to_recordset(%s::json) AS "
    f"({', '.join(f'{name} {_type_in_json(name)}' for name in COLUMNS)})) WITH ORDINALITY "
    f"AS row ({', '.join(COLUMNS)}, place) ORDER BY row.place ON CONFLICT DO NOTHING"
)
"""Writes a batch on PostgreSQL; its one parameter is `rows_as_json`."""
