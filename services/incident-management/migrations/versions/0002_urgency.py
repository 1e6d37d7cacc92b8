"""Urgency in the outbox, claims that die with their process, and what new alerts need to know."""

from alembic import op

from shared.migrations import extend_outbox

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    extend_outbox(op)
    # The worst that an incident has been: null in rows from before, where its severity says it.
    op.execute("ALTER TABLE incidents ADD COLUMN worst_severity text")
    # Whether any alert of an incident still fires, without reading all that ever did.
    op.execute(
        "CREATE INDEX alerts_firing ON alerts (incident_id) "
        "WHERE resolved_at IS NULL AND incident_id IS NOT NULL"
    )
    # Whether a fingerprint is new to an incident.
    op.execute("CREATE INDEX alerts_fingerprint ON alerts (incident_id, integration, fingerprint)")
