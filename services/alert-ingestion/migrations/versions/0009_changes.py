"""Changes of services, which are no alerts but may be why there are some."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE changes (
            id uuid PRIMARY KEY,
            integration_id uuid NOT NULL,
            service text NOT NULL,
            summary text NOT NULL,
            at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            details jsonb NOT NULL,
            links jsonb NOT NULL
        )
    """)
    op.execute("CREATE INDEX changes_service ON changes (service, id)")
    op.execute("CREATE INDEX changes_received ON changes (received_at)")
