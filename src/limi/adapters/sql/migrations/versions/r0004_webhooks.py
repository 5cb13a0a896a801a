"""Endpoints of webhooks, what is delivered to them, and the log of attempts."""

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Create the tables. What the columns mean stands in `limi.adapters.sql.tables`."""
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("tenant", sa.String(40)),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("disabled_reason", sa.String(16)),
        sa.Column("secrets", sa.Text, nullable=False),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_index("webhook_endpoints_tenant", "webhook_endpoints", ["tenant", "created_at", "id"])
    op.create_index("webhook_endpoints_created", "webhook_endpoints", ["created_at", "id"])
    _create_deliveries()
    op.create_table(
        "webhook_attempts",
        sa.Column("delivery_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("lease", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text),
    )


def _create_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("endpoint_id", sa.String(32), nullable=False),
        sa.Column("fact_id", sa.String(32), nullable=False),
        sa.Column("tenant", sa.String(40)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("claims", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("free_at", sa.BigInteger, nullable=False),
        sa.Column("first_due", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text),
    )
    op.create_index("webhook_deliveries_once", "webhook_deliveries", ["endpoint_id", "fact_id"], unique=True)
    _create_partial_index("pending", "free_at", "state = 'pending'")
    _create_partial_index("undelivered", "fact_id", "state IN ('failed', 'cancelled')")


def _create_partial_index(name: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        f"webhook_deliveries_{name}",
        "webhook_deliveries",
        ["endpoint_id", column],
        sqlite_where=condition,
        postgresql_where=condition,
    )
