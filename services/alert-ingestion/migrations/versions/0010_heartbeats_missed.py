"""Heartbeats that are expected, so that a missed one opens an incident."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE heartbeats
            ALTER COLUMN last_at DROP NOT NULL,
            ADD COLUMN interval_seconds integer,
            ADD COLUMN grace_seconds integer NOT NULL DEFAULT 0,
            ADD COLUMN service text,
            ADD COLUMN severity text,
            ADD COLUMN description text NOT NULL DEFAULT '',
            ADD COLUMN paused boolean NOT NULL DEFAULT false,
            ADD COLUMN missed_at timestamptz,
            ADD COLUMN created_at timestamptz
    """)
    op.execute(
        "CREATE INDEX heartbeats_expected ON heartbeats (last_at) "
        "WHERE interval_seconds IS NOT NULL"
    )
