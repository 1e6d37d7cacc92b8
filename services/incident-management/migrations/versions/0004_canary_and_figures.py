"""The incidents of the canary, and indexes for figures by when something happened."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE incidents ADD COLUMN canary boolean NOT NULL DEFAULT false")
    # Below zero: those that people say have no holes.
    op.execute("CREATE SEQUENCE canary_numbers INCREMENT BY -1 START WITH -1")
    # A few among many, and the ones to be removed.
    op.execute("CREATE INDEX incidents_canary ON incidents (created_at) WHERE canary")
    for column in ("acknowledged_at", "resolved_at"):
        op.execute(
            f"CREATE INDEX incidents_{column} ON incidents ({column}) WHERE {column} IS NOT NULL"
        )
