"""What an incident counts of its alerts.

Nothing is filled in: an incident whose counts are of no revision, or of another than its own, is
counted when it is locked next. So is one that a replica of the release before has changed.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE incidents
            ADD COLUMN firing jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN disagreeing integer NOT NULL DEFAULT 0,
            ADD COLUMN last_alert_end timestamptz,
            ADD COLUMN counted_revision bigint
        """)
