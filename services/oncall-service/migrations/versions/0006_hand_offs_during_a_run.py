"""Escalation runs notice who comes on call while they wait.

``schedules.revision`` counts every change of who is on call that no clock tells of; a run remembers
the one that it has seen, and when the shift changes next.

Rolled back, the release before this one pages by its steps alone, and counts no revisions: runs
look again once after the next upgrade.
"""

from alembic import op

revision = "oncall_0006"
down_revision = "oncall_0005"

SCHEMA = """
ALTER TABLE schedules ADD COLUMN revision integer NOT NULL DEFAULT 0;
ALTER TABLE escalations
    ADD COLUMN hand_off_at timestamptz,
    ADD COLUMN roster_revision integer;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.drop_column("escalations", "roster_revision")
    op.drop_column("escalations", "hand_off_at")
    op.drop_column("schedules", "revision")
