"""What statistics need of incidents that are forgotten, and what forgetting them looks up."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE forgotten_incidents (
            id uuid NOT NULL,
            number bigint NOT NULL,
            severity text NOT NULL,
            service text NOT NULL,
            team text,
            created_at timestamptz NOT NULL,
            acknowledged_at timestamptz,
            resolved_at timestamptz NOT NULL,
            merged boolean NOT NULL
        )
        """)
    # An import asks whether it brings one that was forgotten; figures go by the instants.
    for column in ("id", "created_at", "acknowledged_at", "resolved_at"):
        op.execute(f"CREATE INDEX forgotten_incidents_{column} ON forgotten_incidents ({column})")
    op.execute("CREATE INDEX aliases_of_incident ON aliases (incident_id)")
