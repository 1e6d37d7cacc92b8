"""Since when a message has been owed; pages counted by a person's id; and the canary's page.

What the release before counted by name stays as it is for a rollback, and goes on under the id
of whoever has that name now. Those rows are born long ago, so that nothing seems to rise.
"""

import json
from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from shared.counters import short

revision = "oncall_0008"
down_revision = "oncall_0007"

SCHEMA = """
ALTER TABLE notifications ADD COLUMN due_at timestamptz;
CREATE INDEX notifications_canary ON notifications (created_at) WHERE channel = 'canary';
"""

BY_NAME = (
    "SELECT labels, sum(value) FROM counters WHERE name = 'oncall_pages_total' GROUP BY labels"
)
BY_ID = sa.text(
    "INSERT INTO counters (name, labels, shard, value, born_at) "
    "VALUES ('oncall_pages_by_hours_total', :labels, 0, :value, NULL)"
)


def upgrade() -> None:
    op.execute(SCHEMA)
    _go_on_by_id(op.get_bind())


def downgrade() -> None:
    op.drop_index("notifications_canary", "notifications")
    op.drop_column("notifications", "due_at")
    op.execute("DELETE FROM counters WHERE name = 'oncall_pages_by_hours_total'")


def _go_on_by_id(connection: sa.Connection) -> None:
    called = defaultdict(list)
    for identifier, name in connection.execute(sa.text("SELECT id, name FROM people")):
        called[short(name)].append(str(identifier))
    for labels, value in connection.execute(sa.text(BY_NAME)).all():
        team, person = json.loads(labels)
        # Two long names may have been cut to the same.
        if len(called[person]) == 1:
            key = json.dumps([team, called[person][0], "unknown"], ensure_ascii=False)
            connection.execute(BY_ID, {"labels": key, "value": value})
