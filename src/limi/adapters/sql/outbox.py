"""The outbox: what is to be delivered, noted by the journal's own commit, made into deliveries by whoever claims.

An event is durable with all of its deliveries or not at all, and a mint waits for that commit. A delivery is a row
of a table with two indices, which costs five times what a note costs. So the commit writes notes, each of many
deliveries, and `unpack_outbox` makes rows of them in transactions that no mint waits for.

Endpoints are looked up when deliveries are made. So a snapshot of subscriptions that is out of date makes none to
what was disabled or removed meanwhile, and cannot fail the facts beside it, as a foreign key would. Whoever
disables or removes an endpoint unpacks first, so that what happened before is not lost but cancelled.

All is driver SQL, made for each database as the journal's is (`journal_rows`). On PostgreSQL notes are part of the
journal's statement, and so still one round trip and a transaction by itself.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine

from limi.adapters.sql.engine import SQLITE, begin_writing
from limi.adapters.sql.journal_rows import COLUMNS, INSERT_JSON, insert_rows, rows_as_json
from limi.features.journal.ports import Delivery

__all__ = ["MAX_NOTED", "NOTED", "insert_deliveries", "insert_rows_with_deliveries", "unpack_all", "unpack_outbox"]

MAX_NOTED: Final = 64
"""Deliveries in one note."""
_AT_ONCE: Final = 8
"""Notes unpacked in one transaction, 512 deliveries at most: some three milliseconds, which a mint can wait for
SQLite's one lock. Most notes hold a few."""

_NOTE: Final = "INSERT INTO webhook_outbox (body) VALUES (?)"
_NOTE_ALL: Final = "INSERT INTO webhook_outbox (body) SELECT value::text FROM json_array_elements(%s::json)"
_NOTE_BOTH: Final = f"WITH written AS ({INSERT_JSON}) {_NOTE_ALL}"

NOTED: Final = "SELECT 1 FROM webhook_outbox LIMIT 1"
"""Finds a row while there are notes."""

_IN_ORDER: Final = f"ORDER BY id LIMIT {_AT_ONCE}"
_FIRST: Final = f"SELECT id FROM webhook_outbox {_IN_ORDER}"  # noqa: S608 - constants, as below
_MAKE: Final = (
    "INSERT INTO webhook_deliveries "
    "(endpoint_id, fact_id, tenant, state, attempts, claims, free_at, first_due, created_at) "
    "SELECT e.id, d.fact, e.tenant, 'pending', 0, 0, d.at, d.at, d.at FROM "
)

_UNPACK: Final = (
    # Joined in this order, whatever SQLite knows of the tables: the endpoint is looked up for each delivery.
    f"{_MAKE} (SELECT json_extract(value, '$[0]') AS fact, json_extract(value, '$[1]') AS endpoint, "  # noqa: S608
    f"json_extract(value, '$[2]') AS at FROM (SELECT body FROM webhook_outbox {_IN_ORDER}), json_each(body)) AS d "
    "CROSS JOIN webhook_endpoints AS e WHERE e.id = d.endpoint AND e.status = 'enabled' ON CONFLICT DO NOTHING"
)
_REMOVE: Final = f"DELETE FROM webhook_outbox WHERE id IN ({_FIRST})"  # noqa: S608 - as above

_UNPACK_ALL: Final = (
    # Materialised: PostgreSQL may otherwise look a second time and lock others than it removes.
    f"WITH first AS MATERIALIZED ({_FIRST} FOR UPDATE SKIP LOCKED), taken AS "  # noqa: S608 - as above
    "(DELETE FROM webhook_outbox WHERE id IN (SELECT id FROM first) RETURNING body), d AS "
    "(SELECT value->>0 AS fact, value->>1 AS endpoint, (value->>2)::bigint AS at "
    f"FROM taken, json_array_elements(taken.body::json)), made AS ({_MAKE} d "
    "JOIN webhook_endpoints AS e ON e.id = d.endpoint AND e.status = 'enabled' "
    "ORDER BY d.fact ON CONFLICT DO NOTHING) SELECT count(*) FROM taken"
)

_encode: Final = msgspec.json.Encoder().encode
_Row = tuple[object, ...]
_ID: Final = COLUMNS.index("id")
_AT: Final = COLUMNS.index("at")


def insert_rows_with_deliveries(
    connection: Connection, rows: Sequence[_Row], deliveries: Sequence[Delivery]
) -> None:
    """Write the journal's `rows`, and `deliveries` of them; on SQLite in the caller's transaction."""
    if connection.dialect.name == SQLITE:
        insert_rows(connection, rows)
        insert_deliveries(connection, rows, deliveries)
    else:
        connection.exec_driver_sql(_NOTE_BOTH, (rows_as_json(rows), _as_array(_notes(rows, deliveries))))


def insert_deliveries(connection: Connection, rows: Sequence[_Row], deliveries: Sequence[Delivery]) -> None:
    """Write `deliveries` of the journal's `rows`."""
    notes = _notes(rows, deliveries)
    if connection.dialect.name == SQLITE:
        for note in notes:
            connection.exec_driver_sql(_NOTE, (note,))
    elif notes:
        connection.exec_driver_sql(_NOTE_ALL, (_as_array(notes),))


def unpack_outbox(connection: Connection) -> None:
    """Make rows of all that was noted, but for those which are there, and commit it.

    Notes that another worker is just unpacking are passed over on PostgreSQL. There is an end to it while others
    go on noting, because unpacking is quicker.
    """
    # Looked for without a lock, because most looks find nothing.
    while connection.exec_driver_sql(NOTED).first() is not None and _unpack_first(connection):
        pass


def unpack_all(engine: Engine) -> None:
    """Do so as a job of its own, for whoever is about to change what has been noted."""
    with engine.connect() as connection:
        unpack_outbox(connection)


def _unpack_first(connection: Connection) -> bool:
    """Make rows of the first notes; say whether there may be more."""
    if connection.dialect.name == SQLITE:
        begin_writing(connection)
        connection.exec_driver_sql(_UNPACK)
        taken = connection.exec_driver_sql(_REMOVE).rowcount
    else:
        taken = connection.exec_driver_sql(_UNPACK_ALL).scalar_one()
    connection.commit()
    return taken == _AT_ONCE


def _notes(rows: Sequence[_Row], deliveries: Sequence[Delivery]) -> list[str]:
    at = {row[_ID]: row[_AT] for row in rows}
    noted = [(fact, endpoint, at[fact]) for fact, endpoint in deliveries]
    return [_encode(noted[start : start + MAX_NOTED]).decode() for start in range(0, len(noted), MAX_NOTED)]


def _as_array(notes: Sequence[str]) -> str:
    # Not a list of texts, which the driver takes 50 microseconds to write.
    return f"[{','.join(notes)}]"
