"""The kind of application in the journal, what clients report, and rollups of use."""

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Add them. What the columns mean stands in `limi.adapters.sql.tables`."""
    op.add_column("journal", sa.Column("frontend", sa.String(16)))
    op.create_table(
        "client_events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("tenant", sa.String(40), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("frontend", sa.String(16), nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("transport", sa.String(16)),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("client_events_key", "client_events", ["tenant", "id"], unique=True)
    _create_rollups()
    projections = op.create_table(
        "usage_projections",
        sa.Column("source", sa.String(16), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("owned_until", sa.BigInteger, nullable=False),
        sa.Column("floor_seq", sa.BigInteger, nullable=False),
        sa.Column("floor_at", sa.BigInteger, nullable=False),
        sa.Column("removed_before", sa.BigInteger, nullable=False),
        sa.Column("clearing", sa.Boolean, nullable=False),
    )
    nothing = {
        "seq": 0,
        "owner": "",
        "owned_until": 0,
        "floor_seq": 0,
        "floor_at": 0,
        "removed_before": 0,
        "clearing": False,
    }
    op.bulk_insert(projections, [{"source": "journal", **nothing}, {"source": "clients", **nothing}])


def _create_rollups() -> None:
    names = ("minted", "failed", "unresolved", "replayed", "refused", "connected", "not_connected", "errors")
    op.create_table(
        "usage_rollups",
        sa.Column("grain", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.String(40), primary_key=True),
        sa.Column("frontend", sa.String(16), primary_key=True),
        sa.Column("model", sa.String(100), primary_key=True),
        sa.Column("code", sa.String(64), primary_key=True),
        sa.Column("source", sa.String(16), primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in names),
        sa.Column("durations", sa.LargeBinary),
    )
