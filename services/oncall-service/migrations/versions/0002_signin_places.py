"""Where people have signed in before, and what of a failed attempt only administrators see.

From where somebody has signed in before, nobody else's guesses keep them out. What a webhook's
target answered is kept apart from the sentence that everybody may read.
"""

from alembic import op

revision = "oncall_0002"
down_revision = "oncall_0001"

# Older code knows neither, and loses nothing by it: no minimum revision is set.
SCHEMA = """
CREATE TABLE signin_places (
    person_id uuid NOT NULL,
    place text NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, place),
    FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
ALTER TABLE notification_attempts ADD COLUMN inside text;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.drop_column("notification_attempts", "inside")
    op.drop_table("signin_places")
