"""Tenants, keys, profiles, and the number that moves with each change of them."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Create the tables. What the columns mean stands in `limi.adapters.sql.tables`."""
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("tokens_per_minute", sa.Integer),
        sa.Column("connections_per_minute", sa.Integer),
        sa.Column("models", sa.Text),
        sa.Column("profiles", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(8), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tenant", sa.String(40)),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("origins", sa.Text),
        sa.Column("models", sa.Text),
        sa.Column("profiles", sa.Text),
        sa.Column("max_ttl_seconds", sa.Integer),
        sa.Column("tokens_per_minute", sa.Integer),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("rotated_at", sa.BigInteger),
        sa.Column("previous_until", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("last_used_at", sa.BigInteger),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(32)),
    )
    op.create_index("api_keys_tenant", "api_keys", ["tenant", "created_at", "id"])
    op.create_index("api_keys_created", "api_keys", ["created_at", "id"])
    op.create_table(
        "profiles",
        sa.Column("tenant", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("profile", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
    )
    numbers = op.create_table(
        "revision",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(numbers, [{"id": 1, "number": 1}])
