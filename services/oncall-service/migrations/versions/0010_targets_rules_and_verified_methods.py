"""Several targets a step, conditions, forgotten acknowledgements, rules a person, verified methods.

A step keeps its first target where the release before this one looks for it. Methods that are there
already count as verified: they have been used. A run's decisions are kept, so that it can be said
afterwards why somebody was paged, and why not.

Rolled back, the release before this one pages the first target of each step, under no condition,
by all enabled methods at once; the methods of a policy's webhooks are nobody's there, and unused.
"""

from alembic import op

revision = "oncall_0010"
down_revision = "oncall_0009"

SCHEMA = """
ALTER TABLE policies ADD COLUMN acknowledge_timeout_minutes integer;
ALTER TABLE policy_steps
    ADD COLUMN severities jsonb,
    ADD COLUMN hours text;
ALTER TABLE contact_methods
    ALTER COLUMN person_id DROP NOT NULL,
    ADD COLUMN verified_at timestamptz,
    ADD COLUMN verified_by text;
UPDATE contact_methods SET verified_at = created_at, verified_by = '';
CREATE TABLE contact_method_codes (
    contact_method_id uuid PRIMARY KEY REFERENCES contact_methods ON DELETE CASCADE,
    code_hash text NOT NULL,
    attempts integer NOT NULL,
    sent_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE policy_targets (
    policy_id uuid NOT NULL REFERENCES policies ON DELETE CASCADE,
    position integer NOT NULL,
    place integer NOT NULL,
    kind text NOT NULL,
    person_id uuid REFERENCES people ON DELETE RESTRICT,
    team_id uuid REFERENCES teams ON DELETE RESTRICT,
    contact_method_id uuid REFERENCES contact_methods ON DELETE RESTRICT,
    PRIMARY KEY (policy_id, position, place)
);
CREATE INDEX ix_policy_targets_person_id ON policy_targets (person_id);
CREATE INDEX ix_policy_targets_team_id ON policy_targets (team_id);
CREATE INDEX ix_policy_targets_contact_method_id ON policy_targets (contact_method_id);
INSERT INTO policy_targets (policy_id, position, place, kind, person_id)
    SELECT policy_id, position, 0, target, person_id FROM policy_steps;

ALTER TABLE people ADD COLUMN quiet_hours jsonb;
CREATE TABLE notification_rules (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    severities jsonb,
    position integer NOT NULL,
    contact_method_id uuid NOT NULL REFERENCES contact_methods ON DELETE CASCADE,
    delay_minutes integer NOT NULL
);
CREATE INDEX ix_notification_rules_person_id ON notification_rules (person_id);
CREATE INDEX ix_notification_rules_contact_method_id ON notification_rules (contact_method_id);

ALTER TABLE incidents ADD COLUMN forgotten_at timestamptz;
CREATE INDEX incidents_forgotten ON incidents (forgotten_at) WHERE forgotten_at IS NOT NULL;

CREATE TABLE escalation_decisions (
    id uuid PRIMARY KEY,
    escalation_id uuid NOT NULL REFERENCES escalations ON DELETE CASCADE,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    round integer NOT NULL,
    step integer NOT NULL,
    reason text NOT NULL,
    facts jsonb NOT NULL
);
CREATE INDEX ix_escalation_decisions_escalation_id ON escalation_decisions (escalation_id);

CREATE TABLE coverage_reports (
    only_row boolean PRIMARY KEY,
    at timestamptz NOT NULL,
    report jsonb NOT NULL
);
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    op.drop_table("coverage_reports")
    op.drop_table("escalation_decisions")
    op.drop_index("incidents_forgotten", "incidents")
    op.drop_column("incidents", "forgotten_at")
    op.drop_table("notification_rules")
    op.drop_column("people", "quiet_hours")
    op.drop_table("policy_targets")
    op.drop_table("contact_method_codes")
    op.execute("DELETE FROM contact_methods WHERE person_id IS NULL")
    op.drop_column("contact_methods", "verified_by")
    op.drop_column("contact_methods", "verified_at")
    op.execute("ALTER TABLE contact_methods ALTER COLUMN person_id SET NOT NULL")
    op.drop_column("policy_steps", "hours")
    op.drop_column("policy_steps", "severities")
    op.drop_column("policies", "acknowledge_timeout_minutes")
