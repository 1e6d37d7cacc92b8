"""When heartbeats were last heard."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE heartbeats (
            name text PRIMARY KEY,
            integration_id uuid NOT NULL REFERENCES integrations (id),
            last_at timestamptz NOT NULL
        )
    """)
