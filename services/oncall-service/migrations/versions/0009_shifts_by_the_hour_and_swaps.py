"""Turns of hours and months, days off, gaps that are meant, swaps, and calendars to subscribe to.

Rolled back, the release before this one takes ``length_days`` for the length of every turn: a
rotation by the hour or by the month is to be written anew there.
"""

from alembic import op

revision = "oncall_0009"
down_revision = "oncall_0008"

SCHEMA = """
ALTER TABLE schedule_layers
    ADD COLUMN every integer NOT NULL DEFAULT 1,
    ADD COLUMN on_holidays text NOT NULL DEFAULT 'as_usual';
ALTER TABLE schedules
    ADD COLUMN holidays jsonb,
    ADD COLUMN intended_gaps jsonb NOT NULL DEFAULT '[]';
ALTER TABLE overrides
    ADD COLUMN kind text NOT NULL DEFAULT 'override',
    ADD COLUMN source_uid text;
CREATE INDEX overrides_source ON overrides (schedule_id, source_uid) WHERE source_uid IS NOT NULL;

CREATE TABLE swaps (
    id uuid PRIMARY KEY,
    schedule_id uuid NOT NULL REFERENCES schedules ON DELETE CASCADE,
    giver_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    asked_id uuid REFERENCES people ON DELETE CASCADE,
    taker_id uuid REFERENCES people ON DELETE CASCADE,
    duty text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    note text NOT NULL,
    status text NOT NULL,
    override_id uuid REFERENCES overrides ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    decided_at timestamptz
);
CREATE INDEX ix_swaps_schedule_id ON swaps (schedule_id);
CREATE INDEX ix_swaps_giver_id ON swaps (giver_id);
CREATE INDEX ix_swaps_asked_id ON swaps (asked_id);
CREATE INDEX ix_swaps_taker_id ON swaps (taker_id);
CREATE INDEX ix_swaps_override_id ON swaps (override_id);

CREATE TABLE calendar_feeds (
    id uuid PRIMARY KEY,
    person_id uuid REFERENCES people ON DELETE CASCADE,
    schedule_id uuid REFERENCES schedules ON DELETE CASCADE,
    token_hash text NOT NULL UNIQUE,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX ix_calendar_feeds_person_id ON calendar_feeds (person_id);
CREATE INDEX ix_calendar_feeds_schedule_id ON calendar_feeds (schedule_id);
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.drop_table("calendar_feeds")
    op.drop_table("swaps")
    op.drop_index("overrides_source", "overrides")
    op.drop_column("overrides", "source_uid")
    op.drop_column("overrides", "kind")
    op.drop_column("schedules", "intended_gaps")
    op.drop_column("schedules", "holidays")
    op.drop_column("schedule_layers", "on_holidays")
    op.drop_column("schedule_layers", "every")
