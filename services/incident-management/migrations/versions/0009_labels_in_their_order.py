"""The order in which a sender wrote the labels of an alert.

The release before this one does not write it, and shows labels in an order of its own.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE alerts ADD COLUMN label_order text[] NOT NULL DEFAULT '{}'")
