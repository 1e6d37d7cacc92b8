"""Where people have signed in before: from there nobody else's guesses keep them out."""

from alembic import op

revision = "oncall_0002"
down_revision = "oncall_0001"

# Older code does not know the table, and loses nothing by it: no minimum revision is set.
SCHEMA = """
CREATE TABLE signin_places (
    person_id uuid NOT NULL,
    place text NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, place),
    FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.drop_table("signin_places")
