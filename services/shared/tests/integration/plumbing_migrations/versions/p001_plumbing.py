"""The tables of the plumbing, for tests of the plumbing."""

from alembic import op

from shared.migrations import (
    create_counters,
    create_outbox,
    extend_counters,
    extend_outbox,
    set_minimum_revision,
)

revision = "p001"
down_revision = None


def upgrade() -> None:
    create_outbox(op)
    extend_outbox(op)
    create_counters(op)
    extend_counters(op)
    set_minimum_revision(op, revision)
