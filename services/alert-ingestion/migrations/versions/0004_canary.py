"""The walks of the canary."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE canary_walks (
            id uuid PRIMARY KEY,
            incident_id uuid,
            started_at timestamptz NOT NULL,
            paged_at timestamptz,
            resolved_at timestamptz,
            failed_at timestamptz,
            failed_step text
        )
    """)
