"""Incidents that are left alone for a while, and links of messages that were used."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE incidents ADD COLUMN snoozed_until timestamptz")
    op.execute(
        "CREATE INDEX incidents_snoozed ON incidents (snoozed_until) "
        "WHERE snoozed_until IS NOT NULL"
    )
    op.execute(
        "CREATE TABLE used_links (id uuid PRIMARY KEY, incident_id uuid NOT NULL, "
        "used_at timestamptz NOT NULL)"
    )
    op.execute("CREATE INDEX used_links_used_at ON used_links (used_at)")
