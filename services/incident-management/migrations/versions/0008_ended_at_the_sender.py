"""Which alerts their sender ended after a person had: undoing a resolution leaves them ended.

The release before this one does not note it, and opens none of them again.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE alerts ADD COLUMN sender_ended boolean NOT NULL DEFAULT false")
