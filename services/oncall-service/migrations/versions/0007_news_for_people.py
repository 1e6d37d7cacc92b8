"""Whether a person who was paged wants to hear that it is over, or that somebody else has it.

Rolled back, the release before this one sends what of that is still owed, under its kind and the
incident's title.
"""

from alembic import op

revision = "oncall_0007"
down_revision = "oncall_0006"


def upgrade() -> None:
    op.execute("ALTER TABLE people ADD COLUMN status_updates boolean NOT NULL DEFAULT true")


def downgrade() -> None:
    op.drop_column("people", "status_updates")
