"""Past alerts apart from live ones; what an integration chooses, and what it was refused."""

from alembic import op

from shared.migrations import extend_counters

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    extend_counters(op)
    # Filled by housekeeping, a batch at a time; the release before never looks here, and keeps
    # what ends under it in `alerts`, from where it is put here later.
    op.execute("""
        CREATE TABLE past_alerts (LIKE alerts INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
        PARTITION BY RANGE (resolved_at)
    """)
    op.execute("ALTER TABLE past_alerts ADD PRIMARY KEY (id, resolved_at)")
    op.execute("CREATE INDEX past_alerts_id ON past_alerts (id)")
    op.execute("CREATE INDEX past_alerts_identity ON past_alerts (integration_id, fingerprint, id)")
    op.execute("CREATE INDEX past_alerts_incident ON past_alerts (incident_id)")
    op.execute("CREATE INDEX past_alerts_service ON past_alerts (service, id)")
    op.execute(
        "CREATE INDEX alerts_over ON alerts (resolved_at) "
        "WHERE status = 'resolved' AND NOT suppressed"
    )
    op.execute("""
        ALTER TABLE integrations
            ADD COLUMN service_labels text[],
            ADD COLUMN severities jsonb,
            ADD COLUMN last_error jsonb,
            ADD COLUMN last_error_at timestamptz,
            ADD COLUMN unknown_severity text,
            ADD COLUMN unknown_severity_at timestamptz
    """)
