"""What goes first, how many messages a contact method gets, and claims that die with their process.

``notifications.claimed_until`` stays for an older image that meets this schema.
"""

from alembic import op

from shared.migrations import extend_outbox

revision = "oncall_0003"
down_revision = "oncall_0002"

SCHEMA = """
ALTER TABLE notifications
    ADD COLUMN urgency smallint NOT NULL DEFAULT 10,
    ADD COLUMN bundle_id uuid;
CREATE INDEX notifications_waiting ON notifications (contact_method_id, urgency, id)
    WHERE outcome = 'pending';

ALTER TABLE people ADD COLUMN working_hours jsonb;

CREATE TABLE contact_method_paces (
    contact_method_id uuid NOT NULL,
    tokens double precision NOT NULL,
    as_of timestamptz NOT NULL,
    claimed_by bigint,
    PRIMARY KEY (contact_method_id),
    FOREIGN KEY(contact_method_id) REFERENCES contact_methods (id) ON DELETE CASCADE
);

CREATE TABLE clock_marks (
    only_row boolean NOT NULL DEFAULT true CHECK (only_row),
    seen timestamptz NOT NULL,
    PRIMARY KEY (only_row)
);
"""


def upgrade() -> None:
    extend_outbox(op)
    op.execute(SCHEMA)
