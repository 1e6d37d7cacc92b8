"""What a session began with, and when it was last used: so that its person can tell them apart.

Sessions of the release before this one, and those it starts after a rollback, tell neither.
"""

from alembic import op

revision = "oncall_0012"
down_revision = "oncall_0011"


def upgrade() -> None:
    op.execute("ALTER TABLE sessions ADD COLUMN agent text, ADD COLUMN last_seen_at timestamptz")


def downgrade() -> None:
    op.drop_column("sessions", "last_seen_at")
    op.drop_column("sessions", "agent")
