"""The tables as SQLAlchemy sees them. Migrations make them; a test holds the two together."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, text

from limi.kernel.facts import EventName

__all__ = ["journal", "metadata", "writers"]

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
    # Rows are never deleted for now; without this SQLite would give a deleted last row's number to the next.
    sqlite_autoincrement=True,
)

Index("journal_id", journal.c.id, unique=True)

_generated: Final = text(f"event = '{EventName.TOKEN_GENERATED.value}'")
Index("journal_live", journal.c.expires_at, sqlite_where=_generated, postgresql_where=_generated)

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
)
