"""The chain of each writer's rows, signed checkpoints, and what a fact changed."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Add them. What the columns mean stands in `limi.adapters.sql.tables`."""
    op.add_column("journal", sa.Column("subject", sa.Text))
    op.add_column("journal", sa.Column("detail", sa.Text))
    op.add_column("journal", sa.Column("n", sa.BigInteger))
    op.add_column("journal", sa.Column("hash", sa.LargeBinary(32)))
    op.add_column("writers", sa.Column("chain_n", sa.BigInteger))
    op.add_column("writers", sa.Column("chain_hash", sa.LargeBinary(32)))
    op.add_column("writers", sa.Column("sealed", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "checkpoints",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("writer", sa.String(32)),
        sa.Column("chain_n", sa.BigInteger),
        sa.Column("chain_hash", sa.LargeBinary(32)),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
    )
    op.create_index("checkpoints_at", "checkpoints", ["at"])
    op.create_index("checkpoints_writer", "checkpoints", ["writer", "number"])
    condition = sa.text("subject IS NOT NULL")
    op.create_index("journal_subject", "journal", ["subject"], sqlite_where=condition, postgresql_where=condition)
