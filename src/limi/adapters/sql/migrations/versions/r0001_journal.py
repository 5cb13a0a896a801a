"""The journal and its writers' leases."""

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Create both tables. What the columns mean stands in `limi.adapters.sql.tables`."""
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("writer", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text),
        sa.Column("ip", sa.Text),
        sa.Column("user_agent", sa.Text),
        sa.Column("session_id", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("code", sa.Text),
        sa.Column("resolves", sa.String(32)),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "writers",
        sa.Column("writer", sa.String(32), primary_key=True),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.Column("settled_seq", sa.BigInteger, nullable=False),
    )
    op.create_index("journal_id", "journal", ["id"], unique=True)
    _create_partial_index("journal_live", "expires_at", "event = 'token.generated'")
    _create_partial_index("journal_resolves", "resolves", "resolves IS NOT NULL")
    _create_partial_index("journal_unresolved", "resolves", "event = 'token.unresolved'", unique=True)


def _create_partial_index(name: str, column: str, where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, "journal", [column], unique=unique, sqlite_where=condition, postgresql_where=condition)
