"""The language and the clock that somebody reads by; none until they choose.

The release before this one writes to everybody in English.
"""

from alembic import op

revision = "oncall_0011"
down_revision = "oncall_0010"


def upgrade() -> None:
    op.execute("ALTER TABLE people ADD COLUMN language text, ADD COLUMN clock text")


def downgrade() -> None:
    op.drop_column("people", "clock")
    op.drop_column("people", "language")
