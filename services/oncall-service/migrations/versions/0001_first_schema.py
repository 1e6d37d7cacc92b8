"""People, teams, schedules, policies, sign-in, escalations and notifications."""

from alembic import op

from shared.migrations import create_counters, create_outbox, set_minimum_revision

revision = "oncall_0001"
down_revision = None

SCHEMA = """
CREATE TABLE people (
    id uuid NOT NULL,
    name text NOT NULL,
    login text,
    email text,
    role text NOT NULL,
    password_hash text,
    time_zone text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX people_login ON people (lower(login));
CREATE UNIQUE INDEX people_name ON people (lower(name));

CREATE TABLE contact_methods (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    channel text NOT NULL,
    target text NOT NULL,
    secret text,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_contact_methods_person_id ON contact_methods (person_id);

CREATE TABLE teams (
    id uuid NOT NULL,
    name text NOT NULL,
    catch_all boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX teams_catch_all ON teams (catch_all) WHERE catch_all;
CREATE UNIQUE INDEX teams_name ON teams (lower(name));

CREATE TABLE team_members (
    team_id uuid NOT NULL,
    person_id uuid NOT NULL,
    position integer NOT NULL,
    PRIMARY KEY (team_id, person_id),
    FOREIGN KEY(team_id) REFERENCES teams (id) ON DELETE CASCADE,
    FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE RESTRICT
);

CREATE TABLE policies (
    id uuid NOT NULL,
    name text NOT NULL,
    team_id uuid NOT NULL,
    repeat integer NOT NULL,
    fallback_id uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(team_id) REFERENCES teams (id) ON DELETE RESTRICT,
    FOREIGN KEY(fallback_id) REFERENCES people (id) ON DELETE RESTRICT
);
CREATE INDEX ix_policies_fallback_id ON policies (fallback_id);
CREATE INDEX ix_policies_team_id ON policies (team_id);
CREATE UNIQUE INDEX policies_name ON policies (lower(name));

CREATE TABLE policy_steps (
    policy_id uuid NOT NULL,
    position integer NOT NULL,
    target text NOT NULL,
    delay_minutes integer NOT NULL,
    person_id uuid,
    PRIMARY KEY (policy_id, position),
    FOREIGN KEY(policy_id) REFERENCES policies (id) ON DELETE CASCADE,
    FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE RESTRICT
);
CREATE INDEX ix_policy_steps_person_id ON policy_steps (person_id);

CREATE TABLE services (
    id uuid NOT NULL,
    name text NOT NULL,
    team_id uuid NOT NULL,
    policy_id uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(team_id) REFERENCES teams (id) ON DELETE RESTRICT,
    FOREIGN KEY(policy_id) REFERENCES policies (id) ON DELETE RESTRICT
);
CREATE INDEX ix_services_policy_id ON services (policy_id);
CREATE INDEX ix_services_team_id ON services (team_id);
CREATE UNIQUE INDEX services_name ON services (lower(name));

CREATE TABLE schedules (
    id uuid NOT NULL,
    name text NOT NULL,
    team_id uuid NOT NULL,
    time_zone text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(team_id) REFERENCES teams (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX schedules_name ON schedules (lower(name));
CREATE UNIQUE INDEX schedules_team ON schedules (team_id);

CREATE TABLE schedule_layers (
    id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    position integer NOT NULL,
    name text NOT NULL,
    duty text NOT NULL,
    kind text NOT NULL,
    length_days integer NOT NULL,
    start timestamp NOT NULL,
    hours jsonb NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(schedule_id) REFERENCES schedules (id) ON DELETE CASCADE
);
CREATE INDEX ix_schedule_layers_schedule_id ON schedule_layers (schedule_id);

CREATE TABLE layer_participants (
    layer_id uuid NOT NULL,
    position integer NOT NULL,
    person_id uuid NOT NULL,
    PRIMARY KEY (layer_id, position),
    FOREIGN KEY(layer_id) REFERENCES schedule_layers (id) ON DELETE CASCADE,
    FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE RESTRICT
);
CREATE INDEX ix_layer_participants_person_id ON layer_participants (person_id);

CREATE TABLE overrides (
    id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    person_id uuid NOT NULL,
    duty text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    note text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(schedule_id) REFERENCES schedules (id) ON DELETE CASCADE,
    FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE RESTRICT
);
CREATE INDEX ix_overrides_ends_at ON overrides (ends_at);
CREATE INDEX ix_overrides_person_id ON overrides (person_id);
CREATE INDEX ix_overrides_schedule_id ON overrides (schedule_id);

CREATE TABLE api_tokens (
    id uuid NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    token_hash text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (id),
    UNIQUE (token_hash)
);

CREATE TABLE sessions (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    token_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE,
    UNIQUE (token_hash)
);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);
CREATE INDEX ix_sessions_person_id ON sessions (person_id);

CREATE TABLE signin_attempts (
    id uuid NOT NULL,
    login text NOT NULL,
    address text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX signin_attempts_address ON signin_attempts (address, at);
CREATE INDEX signin_attempts_login ON signin_attempts (login, at);

CREATE TABLE seeds (
    name text NOT NULL,
    seeded_at timestamptz NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE incidents (
    id uuid NOT NULL,
    revision integer NOT NULL,
    status text,
    number integer NOT NULL,
    title text NOT NULL,
    service text NOT NULL,
    severity text NOT NULL,
    team text,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE escalations (
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    team_id uuid NOT NULL,
    team_name text NOT NULL,
    policy_name text NOT NULL,
    plan jsonb NOT NULL,
    status text NOT NULL,
    next_round integer NOT NULL,
    next_step integer NOT NULL,
    single_step boolean NOT NULL,
    due_at timestamptz,
    started_at timestamptz NOT NULL,
    started_reason text NOT NULL,
    started_by text NOT NULL,
    ended_at timestamptz,
    ended_reason text,
    PRIMARY KEY (id),
    FOREIGN KEY(incident_id) REFERENCES incidents (id) ON DELETE CASCADE
);
CREATE INDEX escalations_due ON escalations (due_at) WHERE status = 'running';
CREATE UNIQUE INDEX escalations_running ON escalations (incident_id) WHERE status = 'running';
CREATE INDEX ix_escalations_incident_id ON escalations (incident_id);

CREATE TABLE notifications (
    id uuid NOT NULL,
    idempotency_key text NOT NULL,
    kind text NOT NULL,
    incident_id uuid,
    escalation_id uuid,
    round integer,
    step integer,
    person_id uuid,
    person_name text NOT NULL,
    contact_method_id uuid,
    channel text NOT NULL,
    shown_target text NOT NULL,
    reason text NOT NULL,
    message jsonb NOT NULL,
    outcome text NOT NULL,
    outcome_detail text NOT NULL,
    attempts integer NOT NULL,
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    claimed_until timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (id),
    UNIQUE (idempotency_key)
);
CREATE INDEX ix_notifications_escalation_id ON notifications (escalation_id);
CREATE INDEX ix_notifications_incident_id ON notifications (incident_id);
CREATE INDEX ix_notifications_person_id ON notifications (person_id);
CREATE INDEX notifications_due ON notifications (next_attempt_at) WHERE outcome = 'pending';

CREATE TABLE notification_attempts (
    id uuid NOT NULL,
    notification_id uuid NOT NULL,
    at timestamptz NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(notification_id) REFERENCES notifications (id) ON DELETE CASCADE
);
CREATE INDEX ix_notification_attempts_notification_id ON notification_attempts (notification_id);
"""

TABLES = (
    "notification_attempts",
    "notifications",
    "escalations",
    "incidents",
    "seeds",
    "signin_attempts",
    "sessions",
    "api_tokens",
    "overrides",
    "layer_participants",
    "schedule_layers",
    "schedules",
    "services",
    "policy_steps",
    "policies",
    "team_members",
    "teams",
    "contact_methods",
    "people",
)


def upgrade() -> None:
    op.execute(SCHEMA)
    create_outbox(op)
    create_counters(op)
    set_minimum_revision(op, revision)


def downgrade() -> None:
    for table in (*TABLES, "outbox", "counters", "schema_compatibility"):
        op.drop_table(table)
