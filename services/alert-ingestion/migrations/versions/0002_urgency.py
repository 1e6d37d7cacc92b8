"""Urgency in the outbox, claims that die with their process, and an end to growing incidents."""

from alembic import op

from shared.migrations import extend_outbox

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    extend_outbox(op)
    op.execute("ALTER TABLE integrations ADD COLUMN correlation_max_age_seconds integer")
