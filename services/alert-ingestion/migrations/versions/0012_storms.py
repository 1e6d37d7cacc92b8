"""Groups by what flaps and what storms, and by their age; incidents by theirs."""

from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE groups ADD COLUMN severity text")
    op.execute("CREATE INDEX groups_key ON groups (correlation_key, opened_at)")
    op.execute(
        "CREATE INDEX groups_storms ON groups (id) WHERE storm IS NOT NULL AND closed_at IS NULL"
    )
    op.execute("CREATE INDEX alerts_firing ON alerts (incident_id) WHERE status = 'firing'")
    op.execute("CREATE INDEX groups_closed ON groups (closed_at) WHERE closed_at IS NOT NULL")
    op.execute(
        "CREATE INDEX incidents_over ON incidents (resolved_at) WHERE resolved_at IS NOT NULL"
    )
