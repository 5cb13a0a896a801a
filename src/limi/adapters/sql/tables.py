"""The tables as SQLAlchemy sees them. Migrations make them; a test holds the two together."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)

from limi.kernel.facts import EventName

__all__ = [
    "api_keys",
    "checkpoints",
    "client_events",
    "journal",
    "metadata",
    "profiles",
    "revision",
    "tenants",
    "usage_projections",
    "usage_rollups",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
    "webhook_outbox",
    "writers",
]

metadata: Final = MetaData()

# SQLite counts by itself only in a column of exactly this type.
_Sequence: Final = BigInteger().with_variant(Integer, "sqlite")

journal: Final = Table(
    "journal",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False),
    Column("writer", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),  # Unix microseconds
    Column("event", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("request_id", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("tenant", Text),
    Column("ip", Text),
    Column("user_agent", Text),
    Column("session_id", Text),
    Column("model", Text),
    Column("duration_ms", BigInteger),
    Column("expires_at", BigInteger),  # Unix seconds
    Column("code", Text),
    Column("resolves", String(32)),
    Column("subject", Text),
    Column("detail", Text),
    Column("n", BigInteger),  # The place in its writer's chain; null in rows from before there were chains.
    Column("hash", LargeBinary(32)),
    Column("frontend", String(16)),  # Null in rows that nobody asked for, and from before it was kept.
    # Without this SQLite would give a deleted last row's number to the next.
    sqlite_autoincrement=True,
)

Index("journal_id", journal.c.id, unique=True)

_generated: Final = text(f"event = '{EventName.TOKEN_GENERATED.value}'")
Index("journal_live", journal.c.expires_at, sqlite_where=_generated, postgresql_where=_generated)

_subject: Final = text("subject IS NOT NULL")
Index("journal_subject", journal.c.subject, sqlite_where=_subject, postgresql_where=_subject)

_resolving: Final = text("resolves IS NOT NULL")
Index("journal_resolves", journal.c.resolves, sqlite_where=_resolving, postgresql_where=_resolving)

# Only this event ends an intent at most once. Another outcome may stand beside it: that of a writer which was
# taken for dead and lived, and the truth must not be refused for coming late.
_unresolved: Final = text(f"event = '{EventName.TOKEN_UNRESOLVED.value}'")
Index(
    "journal_unresolved",
    journal.c.resolves,
    unique=True,
    sqlite_where=_unresolved,
    postgresql_where=_unresolved,
)

writers: Final = Table(
    "writers",
    metadata,
    Column("writer", String(32), primary_key=True),
    Column("lease_until", BigInteger, nullable=False),  # Unix microseconds
    Column("settled_seq", BigInteger, nullable=False),  # No intent of the writer is open up to here.
    Column("chain_n", BigInteger),  # Where its chain ended at the renewal; later rows are above settled_seq.
    Column("chain_hash", LargeBinary(32)),
    Column("sealed", Boolean, nullable=False, server_default=false()),  # Whether a checkpoint covers all its rows.
)

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # Unix microseconds
    Column("writer", String(32)),
    Column("chain_n", BigInteger),
    Column("chain_hash", LargeBinary(32)),
    Column("body", LargeBinary, nullable=False),  # The bytes that were signed; the columns before only find it.
    Column("signature", LargeBinary(64), nullable=False),
)

Index("checkpoints_at", checkpoints.c.at)
Index("checkpoints_writer", checkpoints.c.writer, checkpoints.c.number)

tenants: Final = Table(
    "tenants",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("tokens_per_minute", Integer),
    Column("connections_per_minute", Integer),
    Column("models", Text),  # An array in JSON, as are all lists below; null for all.
    Column("profiles", Text),
    Column("created_at", BigInteger, nullable=False),  # Unix microseconds, as are all times below.
    Column("updated_at", BigInteger, nullable=False),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("name", Text, nullable=False),
    Column("tenant", String(40)),
    Column("scopes", Text, nullable=False),
    Column("origins", Text),
    Column("models", Text),
    Column("profiles", Text),
    Column("max_ttl_seconds", Integer),
    Column("tokens_per_minute", Integer),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", BigInteger),
    Column("rotated_at", BigInteger),
    Column("previous_until", BigInteger),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("token_hash", LargeBinary(32), nullable=False),
    Column("previous_hash", LargeBinary(32)),
)

Index("api_keys_tenant", api_keys.c.tenant, api_keys.c.created_at, api_keys.c.id)
Index("api_keys_created", api_keys.c.created_at, api_keys.c.id)

profiles: Final = Table(
    "profiles",
    metadata,
    # Empty for global profiles: null would not be equal to itself, and a primary key may not hold it.
    Column("tenant", String(40), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("profile", Text),  # JSON; null in the version that is a deletion.
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)

revision: Final = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # Always 1: there is one row.
    Column("number", BigInteger, nullable=False),  # Moves with every change of the tables above and the next.
)

webhook_endpoints: Final = Table(
    "webhook_endpoints",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("tenant", String(40)),  # Null for an endpoint that is sent every tenant's events.
    Column("events", Text, nullable=False),  # An array in JSON; empty for all.
    Column("description", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("disabled_reason", String(16)),
    Column("secrets", Text, nullable=False),  # An array in JSON; what is sealed in Base64.
    Column("failing_since", BigInteger),  # Moves no revision: attempts set it, not operators.
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

Index(
    "webhook_endpoints_tenant",
    webhook_endpoints.c.tenant,
    webhook_endpoints.c.created_at,
    webhook_endpoints.c.id,
)
Index("webhook_endpoints_created", webhook_endpoints.c.created_at, webhook_endpoints.c.id)

webhook_outbox: Final = Table(
    "webhook_outbox",
    metadata,
    Column("id", _Sequence, primary_key=True, autoincrement=True),
    # An array in JSON of deliveries to be made, each an array: the fact's id, the endpoint's, when it happened.
    Column("body", Text, nullable=False),
)

webhook_deliveries: Final = Table(
    "webhook_deliveries",
    metadata,
    Column("id", _Sequence, primary_key=True, autoincrement=True),
    Column("endpoint_id", String(32), nullable=False),
    Column("fact_id", String(32), nullable=False),  # A row of the journal, which may go before this one.
    Column("tenant", String(40)),  # The endpoint's, so that listings stay apart when it is removed.
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),  # Since it was made or replayed.
    Column("claims", Integer, nullable=False),  # Which lease is the last.
    Column("claimed_by", Text),
    Column("free_at", BigInteger, nullable=False),  # When it may be claimed: when due, or when the lease ends.
    Column("first_due", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_status", Integer),
    Column("last_error", Text),
)

Index("webhook_deliveries_once", webhook_deliveries.c.endpoint_id, webhook_deliveries.c.fact_id, unique=True)

_pending: Final = text("state = 'pending'")
Index(
    "webhook_deliveries_pending",
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.free_at,
    sqlite_where=_pending,
    postgresql_where=_pending,
)

_undelivered: Final = text("state IN ('failed', 'cancelled')")
Index(
    "webhook_deliveries_undelivered",
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.fact_id,
    sqlite_where=_undelivered,
    postgresql_where=_undelivered,
)

webhook_attempts: Final = Table(
    "webhook_attempts",
    metadata,
    Column("delivery_id", BigInteger, primary_key=True, autoincrement=False),
    # Logged once for each lease, so a settlement may be repeated when nobody knows how the first one ended.
    Column("lease", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("status", Integer),
    Column("error", Text),
)

client_events: Final = Table(
    "client_events",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("tenant", String(40), nullable=False),  # Empty for none: null would not be equal to itself.
    Column("id", String(36), nullable=False),
    Column("type", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),  # When it came in.
    Column("frontend", String(16), nullable=False),
    Column("session_id", Text),
    Column("duration_ms", BigInteger),
    Column("transport", String(16)),
    Column("code", Text),
    Column("message", Text),
    # A removed last row's number must not be given again: the cursor has passed it.
    sqlite_autoincrement=True,
)

Index("client_events_key", client_events.c.tenant, client_events.c.id, unique=True)

usage_rollups: Final = Table(
    "usage_rollups",
    metadata,
    Column("grain", Integer, primary_key=True, autoincrement=False),  # Seconds of the stretch.
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # Unix seconds
    Column("tenant", String(40), primary_key=True),  # This and the next are empty for none.
    Column("frontend", String(16), primary_key=True),
    Column("model", String(100), primary_key=True),
    Column("code", String(64), primary_key=True),
    Column("source", String(16), primary_key=True),  # So that each source can be counted anew by itself.
    Column("minted", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("unresolved", BigInteger, nullable=False),
    Column("replayed", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("connected", BigInteger, nullable=False),
    Column("not_connected", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("durations", LargeBinary),  # A histogram; null where nobody said how long connecting took.
)

usage_projections: Final = Table(
    "usage_projections",
    metadata,
    Column("source", String(16), primary_key=True),
    Column("seq", BigInteger, nullable=False),  # The last row that is counted.
    Column("owner", String(32), nullable=False),  # Who counts.
    Column("owned_until", BigInteger, nullable=False),
    Column("floor_seq", BigInteger, nullable=False),  # Rows up to here are counted anew.
    Column("floor_at", BigInteger, nullable=False),  # They count only for stretches that begin then or later.
    Column("removed_before", BigInteger, nullable=False),  # Rows from before may be gone.
    Column("clearing", Boolean, nullable=False),  # Whether there are rollups left that a rebuild forgets.
)
