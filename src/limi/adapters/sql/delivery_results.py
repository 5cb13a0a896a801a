"""Settling deliveries: a batch of attempts is logged, and moves what it still may move, in one transaction.

The batch travels as one parameter, JSON, for the reasons that the journal's does (`journal_rows`). A result counts
while its lease is the row's last one and nobody has let go of it: only rows that wait are held by anybody. So
repeating a batch whose end nobody learnt changes nothing more.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine

from limi.adapters.sql.access_database import micros
from limi.adapters.sql.engine import SQLITE, begin_writing, each_by_itself
from limi.adapters.sql.leases import placed
from limi.features.webhooks.model import Claimed, DeliveryState, EndpointId, Settlement

__all__ = ["release_all", "settle_all"]

_MICROSECONDS: Final = 1_000_000

_FIELDS: Final = (
    ("id", "bigint"),
    ("lease", "integer"),
    ("number", "integer"),
    ("at", "bigint"),
    ("duration_ms", "bigint"),
    ("status", "integer"),
    ("error", "text"),
    ("state", "text"),
    ("due_at", "bigint"),
)

_NAMES: Final = ", ".join(name for name, _ in _FIELDS)

_RESULTS: Final = {
    SQLITE: (
        f"WITH s ({_NAMES}) AS (SELECT "  # noqa: S608 - constants
        + ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(_FIELDS)))
        + " FROM json_each(?))"
    ),
    "postgresql": (
        f"WITH s ({_NAMES}) AS (SELECT {_NAMES} FROM json_to_recordset(%s::json) "  # noqa: S608 - as above
        f"AS given ({', '.join(f'{name} {kind}' for name, kind in _FIELDS)}))"
    ),
}
"""The batch as a table."""

_LOG: Final = (
    "INSERT INTO webhook_attempts (delivery_id, lease, number, at, duration_ms, status, error) "
    "SELECT d.id, s.lease, s.number, s.at, s.duration_ms, s.status, s.error "
    "FROM s JOIN webhook_deliveries AS d ON d.id = s.id WHERE true ON CONFLICT DO NOTHING"
)

_MOVE: Final = (
    "UPDATE webhook_deliveries AS d SET state = s.state, attempts = s.number, claimed_by = NULL, "
    "free_at = coalesce(s.due_at, d.free_at), last_status = s.status, last_error = s.error FROM s "
    "WHERE d.id = s.id AND d.claims = s.lease AND d.claimed_by = ?"
)

_RELEASE: Final = (
    "UPDATE webhook_deliveries SET claimed_by = NULL, free_at = ? "
    "WHERE id = ? AND claims = ? AND claimed_by IS NOT NULL AND state = 'pending'"
)

_WELL: Final = "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = ? AND failing_since IS NOT NULL"
_FAILING: Final = "UPDATE webhook_endpoints SET failing_since = ? WHERE id = ? AND failing_since IS NULL"
_SINCE: Final = "SELECT failing_since FROM webhook_endpoints WHERE id = ?"

_ALL_WELL: Final = placed(
    f"{_RESULTS['postgresql']}, logged AS ({_LOG}), moved AS ({_MOVE}) "  # noqa: S608 - as above
    "UPDATE webhook_endpoints SET failing_since = NULL WHERE id IN (SELECT id FROM webhook_endpoints "
    "WHERE id IN (SELECT json_array_elements_text(?::json)) AND failing_since IS NOT NULL ORDER BY id FOR UPDATE)",
    "postgresql",
)
"""All of it on PostgreSQL where nothing failed: a transaction by itself, one round trip in place of five."""

_encode: Final = msgspec.json.Encoder().encode


def settle_all(engine: Engine, settlements: Sequence[Settlement], *, worker: str) -> dict[EndpointId, float]:
    """Settle a batch; see `DeliveryStore.settle`."""
    well, failing = _standing(settlements)
    dialect = engine.dialect.name
    batch = _as_json(settlements, dialect)
    if dialect != SQLITE and not failing:
        with each_by_itself(engine) as connection:
            connection.exec_driver_sql(_ALL_WELL, (batch, worker, _encode(sorted(well)).decode()))
        return {}
    with engine.begin() as connection:
        begin_writing(connection)
        connection.exec_driver_sql(f"{_RESULTS[dialect]} {_LOG}", (batch,))
        connection.exec_driver_sql(f"{_RESULTS[dialect]} {placed(_MOVE, dialect)}", (batch, worker))
        return _note_standing(connection, well, failing)


def release_all(engine: Engine, *, claims: Sequence[Claimed], now: int) -> None:
    """Let go of claims; see `DeliveryStore.release`. The time is in Unix microseconds."""
    with engine.begin() as connection:
        begin_writing(connection)
        values = [(now, each.delivery_id, each.lease) for each in claims]
        connection.exec_driver_sql(placed(_RELEASE, connection.dialect.name), values)


def _as_json(settlements: Sequence[Settlement], dialect: str) -> str:
    rows = [
        (
            each.claimed.delivery_id,
            each.claimed.lease,
            each.attempt.number,
            micros(each.attempt.at),
            each.attempt.duration_ms,
            each.attempt.status,
            each.attempt.error,
            each.state.value,
            micros(each.due_at),
        )
        for each in settlements
    ]
    if dialect == SQLITE:
        return _encode(rows).decode()
    names = [name for name, _ in _FIELDS]
    return _encode([dict(zip(names, row, strict=True)) for row in rows]).decode()


def _note_standing(
    connection: Connection, well: Iterable[EndpointId], failing: Mapping[EndpointId, float]
) -> dict[EndpointId, float]:
    """Keep since when nothing was delivered to an endpoint, and return it of those whose last attempt failed."""
    dialect = connection.dialect.name
    for endpoint in sorted(well):
        connection.exec_driver_sql(placed(_WELL, dialect), (endpoint,))
    since: dict[EndpointId, float] = {}
    for endpoint, at in sorted(failing.items()):
        connection.exec_driver_sql(placed(_FAILING, dialect), (micros(at), endpoint))
        kept: int | None = connection.exec_driver_sql(placed(_SINCE, dialect), (endpoint,)).scalar()
        if kept is not None:
            since[endpoint] = kept / _MICROSECONDS
    return since


def _standing(settlements: Sequence[Settlement]) -> tuple[set[EndpointId], dict[EndpointId, float]]:
    """Return who was delivered something, and whose last attempt failed, with the first failure since."""
    well: set[EndpointId] = set()
    failing: dict[EndpointId, float] = {}
    for each in sorted(settlements, key=lambda one: one.attempt.at):
        endpoint = each.claimed.endpoint_id
        if each.state is DeliveryState.DELIVERED:
            well.add(endpoint)
            failing.pop(endpoint, None)
        else:
            failing.setdefault(endpoint, each.attempt.at)
    return well, failing
