"""Silences, inhibition, flapping: alerts that are held back, and by what."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("alerts", "past_alerts"):
        op.execute(f"""
            ALTER TABLE {table}
                ALTER COLUMN incident_id DROP NOT NULL,
                ADD COLUMN held text,
                ADD COLUMN held_by uuid[] NOT NULL DEFAULT '{{}}',
                ADD COLUMN held_since timestamptz,
                ADD COLUMN held_until timestamptz,
                ADD COLUMN openings timestamptz[] NOT NULL DEFAULT '{{}}',
                ADD COLUMN flapping boolean NOT NULL DEFAULT false
        """)
    op.execute("CREATE INDEX alerts_held ON alerts (held_until) WHERE held IS NOT NULL")
    op.execute("""
        ALTER TABLE groups ADD COLUMN integration_id uuid, ADD COLUMN storm jsonb
    """)
    op.execute("CREATE INDEX groups_opened ON groups (integration_id, opened_at)")
    op.execute("""
        CREATE TABLE alert_entries (
            seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            alert_id uuid NOT NULL,
            at timestamptz NOT NULL,
            reason text NOT NULL,
            data jsonb NOT NULL
        )
    """)
    op.execute("CREATE INDEX alert_entries_alert ON alert_entries (alert_id, seq)")
    op.execute("CREATE INDEX alert_entries_at ON alert_entries (at)")
    op.execute("""
        CREATE TABLE silences (
            id uuid PRIMARY KEY,
            integration_id uuid,
            matchers jsonb NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            rrule text,
            zone text,
            duration_seconds integer,
            author text NOT NULL,
            comment text NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX silences_ends ON silences (ends_at)")
    op.execute("""
        CREATE TABLE inhibition_rules (
            id uuid PRIMARY KEY,
            name text NOT NULL,
            source jsonb NOT NULL,
            target jsonb NOT NULL,
            equal text[] NOT NULL,
            author text NOT NULL,
            comment text NOT NULL,
            created_at timestamptz NOT NULL,
            ended_at timestamptz
        )
    """)
    op.execute("""
        CREATE TABLE inhibitors (
            rule_id uuid NOT NULL,
            alert_id uuid NOT NULL,
            key text NOT NULL,
            PRIMARY KEY (rule_id, alert_id)
        )
    """)
    op.execute("CREATE INDEX inhibitors_key ON inhibitors (rule_id, key)")
    op.execute("CREATE INDEX inhibitors_alert ON inhibitors (alert_id)")
