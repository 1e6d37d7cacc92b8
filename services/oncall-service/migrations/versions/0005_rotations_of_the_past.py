"""What the layers of a schedule were before they changed, and since when the present ones count.

Before the first change that this release makes, the layers are taken for what they always were.

Rolled back, the release before this one reads the layers that were asked for last: a change that
is still to come is in effect at once, a rotation is counted from its start again, and the past is
what the present layers say of it.
"""

from alembic import op

revision = "oncall_0005"
down_revision = "oncall_0004"

SCHEMA = """
ALTER TABLE schedules ADD COLUMN valid_from timestamptz;
ALTER TABLE schedule_layers ADD COLUMN turns_ahead integer NOT NULL DEFAULT 0;

CREATE TABLE schedule_eras (
    id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    valid_from timestamptz,
    valid_until timestamptz NOT NULL,
    time_zone text NOT NULL,
    layers jsonb NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(schedule_id) REFERENCES schedules (id) ON DELETE CASCADE
);
CREATE INDEX schedule_eras_until ON schedule_eras (schedule_id, valid_until);
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.drop_table("schedule_eras")
    op.drop_column("schedule_layers", "turns_ahead")
    op.drop_column("schedules", "valid_from")
