"""Integrations, inbox, alerts, groups, what is known of incidents, outbox, counters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.migrations import create_counters, create_outbox, set_minimum_revision

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
LIVE = "status = 'firing' OR suppressed"


def upgrade() -> None:
    _integrations()
    _inbox()
    _alerts()
    _incidents()
    create_outbox(op)
    create_counters(op)
    set_minimum_revision(op, revision)


def downgrade() -> None:
    raise NotImplementedError("schemas only move forward: a rollback keeps the newer schema")


def _integrations() -> None:
    op.create_table(
        "integrations",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key_hash", sa.Text, nullable=False, unique=True),
        sa.Column("key_hint", sa.Text, nullable=False),
        sa.Column("auto_resolve", sa.Boolean, nullable=False),
        sa.Column("resolve_timeout_seconds", sa.Integer),
        sa.Column("correlation_labels", ARRAY(sa.Text)),
        sa.Column("correlation_window_seconds", sa.Integer),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
    )
    op.create_table(
        "seeded_keys",
        sa.Column("key_hash", sa.Text, primary_key=True),
        sa.Column("seeded_at", INSTANT, nullable=False),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("integration_id", sa.Uuid, sa.ForeignKey("integrations.id"), nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("request_id", sa.Text),
    )
    op.create_index("inbox_received", "inbox", ["received_at"])


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("integration_id", sa.Uuid, sa.ForeignKey("integrations.id"), nullable=False),
        sa.Column("inbox_id", sa.Uuid),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("severity_original", sa.Text),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("labels", JSONB, nullable=False),
        sa.Column("annotations", JSONB, nullable=False),
        sa.Column("links", JSONB, nullable=False),
        sa.Column("correlation_key", sa.Text, nullable=False),
        sa.Column("incident_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("suppressed", sa.Boolean, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("starts_at_given", sa.Boolean, nullable=False),
        sa.Column("occurrences", ARRAY(INSTANT), nullable=False),
        sa.Column("first_seen", INSTANT, nullable=False),
        sa.Column("last_seen", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.Column("ends_at_is_timeout", sa.Boolean, nullable=False),
        sa.Column("resolved_at", INSTANT),
        sa.Column("resolved_reason", sa.Text),
    )
    op.create_index(
        "alerts_live",
        "alerts",
        ["integration_id", "fingerprint"],
        unique=True,
        postgresql_where=sa.text(LIVE),
    )
    op.create_index("alerts_identity", "alerts", ["integration_id", "fingerprint", "id"])
    op.create_index("alerts_incident", "alerts", ["incident_id"])
    op.create_index("alerts_service", "alerts", ["service", "id"])
    op.create_index(
        "alerts_ending",
        "alerts",
        ["ends_at"],
        postgresql_where=sa.text(f"ends_at IS NOT NULL AND ({LIVE})"),
    )
    op.create_table(
        "groups",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("correlation_key", sa.Text, nullable=False),
        sa.Column("incident_id", sa.Uuid, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("last_new_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.Column("closed_reason", sa.Text),
    )
    op.create_index(
        "groups_open",
        "groups",
        ["correlation_key"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("groups_incident", "groups", ["incident_id"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("recurrence_of", sa.Uuid),
        sa.Column("resolved_at", INSTANT),
        sa.Column("resolved_by_hand", sa.Boolean, nullable=False),
        sa.Column("merged_into", sa.Uuid),
    )
    op.create_table(
        "processed_events",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("processed_at", INSTANT, nullable=False),
    )
    op.create_index("processed_events_age", "processed_events", ["processed_at"])
