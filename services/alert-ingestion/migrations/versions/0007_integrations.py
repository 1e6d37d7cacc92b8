"""Keys that overlap, integrations that pause, what they send, and who changed what."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE integrations
            ADD COLUMN previous_key_hash text UNIQUE,
            ADD COLUMN previous_key_until timestamptz,
            ADD COLUMN paused_at timestamptz,
            ADD COLUMN mapping jsonb,
            ADD COLUMN confirm_subscriptions boolean NOT NULL DEFAULT false,
            ADD COLUMN requests_per_minute integer,
            ADD COLUMN storm_incidents integer,
            ADD COLUMN flap_openings integer
    """)
    op.execute("""
        CREATE TABLE integration_activity (
            integration_id uuid NOT NULL,
            shard integer NOT NULL,
            requests bigint NOT NULL,
            alerts bigint NOT NULL,
            dead bigint NOT NULL,
            last_at timestamptz NOT NULL,
            PRIMARY KEY (integration_id, shard)
        )
    """)
    op.execute("""
        CREATE TABLE audit (
            seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL,
            actor jsonb NOT NULL,
            action text NOT NULL,
            subject_kind text NOT NULL,
            subject_id text NOT NULL,
            before jsonb,
            after jsonb
        )
    """)
    op.execute("CREATE INDEX audit_subject ON audit (subject_kind, subject_id, seq)")
    op.execute("""
        CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$
    """)
    op.execute("""
        CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite()
    """)
