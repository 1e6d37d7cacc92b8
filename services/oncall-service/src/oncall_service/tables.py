"""The tables of schema ``oncall``. The migrations make them; a test compares the two.

Instants are UTC. What the record of a page says about people and teams is copied into it, so that
deleting a team does not rewrite what happened.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

metadata = MetaData()


class Table(SQLModel):
    """What the tables of this service have in common: their own metadata, shared with no one."""

    metadata = metadata


def _instant(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(
        default=None if nullable else ...,
        sa_type=DateTime(timezone=True),
        nullable=nullable,
        index=index,
    )


def _text(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=Text, nullable=nullable)


def _reference(target: str, *, on_delete: str, nullable: bool = False, key: bool = False) -> Any:
    return Field(
        default=None if nullable else ...,
        sa_column=Column(
            Uuid,
            ForeignKey(f"{target}.id", ondelete=on_delete),
            nullable=nullable,
            primary_key=key,
            index=not key,
        ),
    )


class PersonRow(Table, table=True):
    """Somebody who can be paged, sign in, or both."""

    __tablename__ = "people"
    __table_args__ = (
        Index("people_name", func.lower(Column("name", Text)), unique=True),
        Index("people_login", func.lower(Column("login", Text)), unique=True),
    )

    id: UUID = Field(primary_key=True)
    name: str = _text()
    login: str | None = _text(nullable=True)
    email: str | None = _text(nullable=True)
    role: str = _text()
    password_hash: str | None = _text(nullable=True)
    time_zone: str = _text()
    language: str | None = _text(nullable=True)
    clock: str | None = _text(nullable=True)
    working_hours: list[dict[str, Any]] | None = Field(
        default=None, sa_type=JSONB(none_as_null=True)
    )
    quiet_hours: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    status_updates: bool = True
    created_at: datetime = _instant()


class ContactMethodRow(Table, table=True):
    """A way to reach a person, or the webhook of a policy's step, which is nobody's.

    ``verified_at``: since when it is known to lead where it should; ``verified_by`` the name of the
    administrator who vouched for it, empty where a code was typed in.
    """

    __tablename__ = "contact_methods"

    id: UUID = Field(primary_key=True)
    person_id: UUID | None = _reference("people", on_delete="CASCADE", nullable=True)
    channel: str = _text()
    target: str = _text()
    secret: str | None = _text(nullable=True)
    enabled: bool = True
    verified_at: datetime | None = _instant(nullable=True)
    verified_by: str | None = _text(nullable=True)
    created_at: datetime = _instant()


class CodeRow(Table, table=True):
    """The code that was sent to a contact method, until it is typed in."""

    __tablename__ = "contact_method_codes"

    contact_method_id: UUID = Field(
        sa_column=Column(
            Uuid, ForeignKey("contact_methods.id", ondelete="CASCADE"), primary_key=True
        )
    )
    code_hash: str = _text()
    attempts: int
    sent_at: datetime = _instant()
    expires_at: datetime = _instant()


class RuleRow(Table, table=True):
    """One of a person's rules: pages go to a method after so long; None: of any severity."""

    __tablename__ = "notification_rules"

    id: UUID = Field(primary_key=True)
    person_id: UUID = _reference("people", on_delete="CASCADE")
    severities: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    position: int
    contact_method_id: UUID = _reference("contact_methods", on_delete="CASCADE")
    delay_minutes: int


class PaceRow(Table, table=True):
    """How many messages a contact method may get by now, and which process is sending to it.

    ``claimed_by`` is that process's number (shared.life).
    """

    __tablename__ = "contact_method_paces"

    contact_method_id: UUID = _reference("contact_methods", on_delete="CASCADE", key=True)
    tokens: float = Field(sa_type=Double)
    as_of: datetime = _instant()
    claimed_by: int | None = Field(default=None, sa_type=BigInteger)


class ClockMarkRow(Table, table=True):
    """The latest instant this service has seen: a clock that was set back is noticed by it."""

    __tablename__ = "clock_marks"

    only_row: bool = Field(default=True, primary_key=True)
    seen: datetime = _instant()


class TeamRow(Table, table=True):
    """People who answer for services. Exactly one team is the catch-all."""

    __tablename__ = "teams"
    __table_args__ = (
        Index("teams_name", func.lower(Column("name", Text)), unique=True),
        Index("teams_catch_all", "catch_all", unique=True, postgresql_where=text("catch_all")),
    )

    id: UUID = Field(primary_key=True)
    name: str = _text()
    catch_all: bool = False
    created_at: datetime = _instant()


class MemberRow(Table, table=True):
    """A member of a team, in the order given."""

    __tablename__ = "team_members"

    team_id: UUID = _reference("teams", on_delete="CASCADE", key=True)
    person_id: UUID = _reference("people", on_delete="RESTRICT", key=True)
    position: int


class PolicyRow(Table, table=True):
    """How a team is paged. ``repeat`` is how often the steps start over.

    An acknowledgement that nothing follows on is forgotten after ``acknowledge_timeout_minutes``.
    """

    __tablename__ = "policies"
    __table_args__ = (Index("policies_name", func.lower(Column("name", Text)), unique=True),)

    id: UUID = Field(primary_key=True)
    name: str = _text()
    team_id: UUID = _reference("teams", on_delete="RESTRICT")
    repeat: int
    fallback_id: UUID | None = _reference("people", on_delete="RESTRICT", nullable=True)
    acknowledge_timeout_minutes: int | None = None
    created_at: datetime = _instant()


class PolicyStepRow(Table, table=True):
    """One step of a policy. ``target`` and ``person_id`` are what a release before reads of it.

    ``severities`` and ``hours`` are its conditions; None: at any.
    """

    __tablename__ = "policy_steps"

    policy_id: UUID = _reference("policies", on_delete="CASCADE", key=True)
    position: int = Field(primary_key=True)
    target: str = _text()
    delay_minutes: int
    person_id: UUID | None = _reference("people", on_delete="RESTRICT", nullable=True)
    severities: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    hours: str | None = _text(nullable=True)


class PolicyTargetRow(Table, table=True):
    """One of those whom a step pages; ``contact_method_id`` is the webhook it calls."""

    __tablename__ = "policy_targets"

    policy_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("policies.id", ondelete="CASCADE"), primary_key=True)
    )
    position: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    kind: str = _text()
    person_id: UUID | None = _reference("people", on_delete="RESTRICT", nullable=True)
    team_id: UUID | None = _reference("teams", on_delete="RESTRICT", nullable=True)
    contact_method_id: UUID | None = _reference(
        "contact_methods", on_delete="RESTRICT", nullable=True
    )


class ServiceRow(Table, table=True):
    """The directory: who answers for a service."""

    __tablename__ = "services"
    __table_args__ = (Index("services_name", func.lower(Column("name", Text)), unique=True),)

    id: UUID = Field(primary_key=True)
    name: str = _text()
    team_id: UUID = _reference("teams", on_delete="RESTRICT")
    policy_id: UUID | None = _reference("policies", on_delete="RESTRICT", nullable=True)
    created_at: datetime = _instant()


class ScheduleRow(Table, table=True):
    """The schedule of a team; a team has one at most.

    ``valid_from`` is since when its layers count, perhaps ahead; None: they always have.
    ``revision`` counts the changes of who is on call that somebody makes. ``holidays`` are those
    its layers may observe; ``intended_gaps`` weekly hours in which nobody needs to be on call.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        Index("schedules_name", func.lower(Column("name", Text)), unique=True),
        Index("schedules_team", "team_id", unique=True),
    )

    id: UUID = Field(primary_key=True)
    name: str = _text()
    team_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("teams.id", ondelete="RESTRICT"), nullable=False)
    )
    time_zone: str = _text()
    created_at: datetime = _instant()
    valid_from: datetime | None = _instant(nullable=True)
    revision: int = 0
    holidays: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    intended_gaps: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)


class EraRow(Table, table=True):
    """What the layers of a schedule were until ``valid_until`` (see schedules.definitions)."""

    __tablename__ = "schedule_eras"
    __table_args__ = (Index("schedule_eras_until", "schedule_id", "valid_until"),)

    id: UUID = Field(primary_key=True)
    schedule_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("schedules.id", ondelete="CASCADE"), nullable=False)
    )
    valid_from: datetime | None = _instant(nullable=True)
    valid_until: datetime = _instant()
    time_zone: str = _text()
    layers: list[dict[str, Any]] = Field(sa_type=JSONB)


class LayerRow(Table, table=True):
    """A rotation of a schedule as it was asked for last.

    ``start`` is on the wall clock of its zone, hence naive. A turn lasts ``every`` units of its
    ``kind``, or ``length_days``; ``on_holidays`` says what days off do to it.
    """

    __tablename__ = "schedule_layers"

    id: UUID = Field(primary_key=True)
    schedule_id: UUID = _reference("schedules", on_delete="CASCADE")
    position: int
    name: str = _text()
    duty: str = _text()
    kind: str = _text()
    length_days: int
    start: datetime = Field(sa_type=DateTime(timezone=False))
    hours: list[dict[str, Any]] = Field(sa_type=JSONB)
    turns_ahead: int = 0
    every: int = 1
    on_holidays: str = Field("as_usual", sa_type=Text)


class ParticipantRow(Table, table=True):
    """A participant of a layer, in the order of the turns."""

    __tablename__ = "layer_participants"

    layer_id: UUID = _reference("schedule_layers", on_delete="CASCADE", key=True)
    position: int = Field(primary_key=True)
    person_id: UUID = _reference("people", on_delete="RESTRICT")


class OverrideRow(Table, table=True):
    """Somebody takes a duty for a while: by ``kind`` an override, a swap or an import.

    ``source_uid`` names the event of a calendar that an import made it from.
    """

    __tablename__ = "overrides"
    __table_args__ = (
        Index(
            "overrides_source",
            "schedule_id",
            "source_uid",
            postgresql_where=text("source_uid IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    schedule_id: UUID = _reference("schedules", on_delete="CASCADE")
    person_id: UUID = _reference("people", on_delete="RESTRICT")
    duty: str = _text()
    starts_at: datetime = _instant()
    ends_at: datetime = _instant(index=True)
    note: str = _text()
    created_by: str = _text()
    created_at: datetime = _instant()
    kind: str = Field("override", sa_type=Text)
    source_uid: str | None = _text(nullable=True)


class SwapRow(Table, table=True):
    """A shift that somebody offers: to one person (``asked_id``), or to whoever takes it."""

    __tablename__ = "swaps"

    id: UUID = Field(primary_key=True)
    schedule_id: UUID = _reference("schedules", on_delete="CASCADE")
    giver_id: UUID = _reference("people", on_delete="CASCADE")
    asked_id: UUID | None = _reference("people", on_delete="CASCADE", nullable=True)
    taker_id: UUID | None = _reference("people", on_delete="CASCADE", nullable=True)
    duty: str = _text()
    starts_at: datetime = _instant()
    ends_at: datetime = _instant()
    note: str = _text()
    status: str = _text()
    override_id: UUID | None = _reference("overrides", on_delete="SET NULL", nullable=True)
    created_at: datetime = _instant()
    decided_at: datetime | None = _instant(nullable=True)


class FeedRow(Table, table=True):
    """A calendar to subscribe to, of a person or a schedule; only its address's hash is kept."""

    __tablename__ = "calendar_feeds"

    id: UUID = Field(primary_key=True)
    person_id: UUID | None = _reference("people", on_delete="CASCADE", nullable=True)
    schedule_id: UUID | None = _reference("schedules", on_delete="CASCADE", nullable=True)
    token_hash: str = Field(sa_type=Text, unique=True)
    created_by: str = _text()
    created_at: datetime = _instant()
    revoked_at: datetime | None = _instant(nullable=True)


class TokenRow(Table, table=True):
    """An API token. Only its hash is kept; a revoked one stays, so that nothing brings it back."""

    __tablename__ = "api_tokens"

    id: UUID = Field(primary_key=True)
    name: str = _text()
    role: str = _text()
    token_hash: str = Field(sa_type=Text, unique=True)
    created_by: str = _text()
    created_at: datetime = _instant()
    expires_at: datetime | None = _instant(nullable=True)
    revoked_at: datetime | None = _instant(nullable=True)


class SessionRow(Table, table=True):
    """A person who signed in, until ``expires_at``.

    ``agent`` is what they signed in with, as that says it of itself. ``last_seen_at`` is to the
    minute.
    """

    __tablename__ = "sessions"

    id: UUID = Field(primary_key=True)
    person_id: UUID = _reference("people", on_delete="CASCADE")
    token_hash: str = Field(sa_type=Text, unique=True)
    created_at: datetime = _instant()
    expires_at: datetime = _instant(index=True)
    agent: str | None = _text(nullable=True)
    last_seen_at: datetime | None = _instant(nullable=True)


class SigninAttemptRow(Table, table=True):
    """An attempt to sign in that has not succeeded."""

    __tablename__ = "signin_attempts"
    __table_args__ = (
        Index("signin_attempts_login", "login", "at"),
        Index("signin_attempts_address", "address", "at"),
    )

    id: UUID = Field(primary_key=True)
    login: str = _text()
    address: str = _text()
    at: datetime = _instant()


class SigninPlaceRow(Table, table=True):
    """An address or a browser from which a person has signed in (see access.throttle)."""

    __tablename__ = "signin_places"

    person_id: UUID = _reference("people", on_delete="CASCADE", key=True)
    place: str = Field(sa_type=Text, primary_key=True)
    last_at: datetime = _instant()


class SeedRow(Table, table=True):
    """What was seeded once and must never be seeded again."""

    __tablename__ = "seeds"

    name: str = Field(sa_type=Text, primary_key=True)
    seeded_at: datetime = _instant()


class IncidentRow(Table, table=True):
    """What was last heard of an incident. Its row is the lock for everything about its pages.

    ``forgotten_at``: when an acknowledgement that nothing followed on counts no more.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        Index(
            "incidents_forgotten",
            "forgotten_at",
            postgresql_where=text("forgotten_at IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    revision: int
    status: str | None = _text(nullable=True)
    number: int
    title: str = _text()
    service: str = _text()
    severity: str = _text()
    team: str | None = _text(nullable=True)
    updated_at: datetime = _instant()
    forgotten_at: datetime | None = _instant(nullable=True)


class EscalationRow(Table, table=True):
    """A run of a policy for an incident, with the copy of the policy it follows to its end.

    It looks at who is on call at ``hand_off_at``, and when the revision of its team's schedule is
    another than ``roster_revision``.
    """

    __tablename__ = "escalations"
    __table_args__ = (
        Index(
            "escalations_running",
            "incident_id",
            unique=True,
            postgresql_where=text("status = 'running'"),
        ),
        Index("escalations_due", "due_at", postgresql_where=text("status = 'running'")),
    )

    id: UUID = Field(primary_key=True)
    incident_id: UUID = _reference("incidents", on_delete="CASCADE")
    team_id: UUID
    team_name: str = _text()
    policy_name: str = _text()
    plan: dict[str, Any] = Field(sa_type=JSONB)
    status: str = _text()
    next_round: int
    next_step: int
    single_step: bool = False
    due_at: datetime | None = _instant(nullable=True)
    hand_off_at: datetime | None = _instant(nullable=True)
    roster_revision: int | None = None
    started_at: datetime = _instant()
    started_reason: str = _text()
    started_by: str = _text()
    ended_at: datetime | None = _instant(nullable=True)
    ended_reason: str | None = _text(nullable=True)


class DecisionRow(Table, table=True):
    """What a run decided, when and why: the ledger behind "why was I (not) paged"."""

    __tablename__ = "escalation_decisions"

    id: UUID = Field(primary_key=True)
    escalation_id: UUID = _reference("escalations", on_delete="CASCADE")
    at: datetime = _instant()
    kind: str = _text()
    round: int
    step: int
    reason: str = _text()
    facts: dict[str, Any] = Field(sa_type=JSONB)


class CoverageRow(Table, table=True):
    """What the last hourly look at who could be reached has found."""

    __tablename__ = "coverage_reports"

    only_row: bool = Field(default=True, primary_key=True)
    at: datetime = _instant()
    report: dict[str, Any] = Field(sa_type=JSONB)


class NotificationRow(Table, table=True):
    """A message owed to a person: the row is the debt, the log and the idempotency key.

    ``urgency`` is a rank of shared.urgency. ``due_at`` is when it was to be sent first; None where
    a release wrote it that did not note that. Rows of one ``bundle_id`` are one message from when
    it was made; a message for one row alone has that row's id.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index("notifications_due", "next_attempt_at", postgresql_where=text("outcome = 'pending'")),
        Index(
            "notifications_waiting",
            "contact_method_id",
            "urgency",
            "id",
            postgresql_where=text("outcome = 'pending'"),
        ),
        Index("notifications_canary", "created_at", postgresql_where=text("channel = 'canary'")),
    )

    id: UUID = Field(primary_key=True)
    idempotency_key: str = Field(sa_type=Text, unique=True)
    kind: str = _text()
    incident_id: UUID | None = Field(default=None, index=True)
    escalation_id: UUID | None = Field(default=None, index=True)
    round: int | None = None
    step: int | None = None
    person_id: UUID | None = Field(default=None, index=True)
    person_name: str = _text()
    contact_method_id: UUID | None = None
    channel: str = _text()
    shown_target: str = _text()
    reason: str = _text()
    message: dict[str, Any] = Field(sa_type=JSONB)
    outcome: str = _text()
    outcome_detail: str = _text()
    outcome_facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    attempts: int = 0
    urgency: int = Field(sa_type=SmallInteger)
    bundle_id: UUID | None = None
    created_at: datetime = _instant()
    due_at: datetime | None = _instant(nullable=True)
    next_attempt_at: datetime | None = _instant(nullable=True)
    claimed_until: datetime | None = _instant(nullable=True)
    finished_at: datetime | None = _instant(nullable=True)


class AttemptRow(Table, table=True):
    """One try to deliver a notification; ``inside`` is what only administrators see of it."""

    __tablename__ = "notification_attempts"

    id: UUID = Field(primary_key=True)
    notification_id: UUID = _reference("notifications", on_delete="CASCADE")
    at: datetime = _instant()
    outcome: str = _text()
    detail: str = _text()
    inside: str | None = _text(nullable=True)


class AuditRow(Table, table=True):
    """Who changed what (shared.audit); a trigger refuses to change or remove it."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_subject", "subject_kind", "subject_id", "seq"),)

    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    at: datetime = _instant()
    actor: dict[str, Any] = Field(sa_type=JSONB, nullable=False)
    action: str = _text()
    subject_kind: str = _text()
    subject_id: str = _text()
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
