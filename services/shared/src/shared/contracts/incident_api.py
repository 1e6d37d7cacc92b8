"""What people and programs say to incident-management's public API, and what it answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from shared.contracts.identity import Actor
from shared.contracts.incidents import Incident, Status
from shared.contracts.oncall_api import WhyView
from shared.contracts.wire import Command, Instant, Line, Ref, Severity, Text, Wire

NoteText = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=10000)]
"""What a person has to say: non-empty, at most 10,000 characters."""


class NewIncident(Command):
    """``POST /api/v1/incidents``: somebody noticed before any alert did. Paged like any other."""

    title: Line
    service: Line
    severity: Severity
    message: NoteText | None = Field(None, description="what is known; becomes the first note")


class IncidentPatch(Command):
    """``PATCH /api/v1/incidents/{id}``: any of these; null clears assignee_id and team."""

    status: Status | None = None
    severity: Severity | None = None
    assignee_id: UUID | None = None
    title: Line | None = None
    team: Line | None = None
    note: NoteText | None = Field(None, description="why; becomes a note on the timeline")

    @model_validator(mode="after")
    def _says_something(self) -> "IncidentPatch":
        if not self.model_fields_set:
            raise ValueError(
                "name at least one of status, severity, assignee_id, title, team, note"
            )
        nulls = [
            name
            for name in ("status", "severity", "title", "note")
            if name in self.model_fields_set and getattr(self, name) is None
        ]
        if nulls:
            raise ValueError(f"{', '.join(nulls)} cannot be null")
        return self


class NewNote(Command):
    """``POST /api/v1/incidents/{id}/notes``."""

    text: NoteText


class Merge(Command):
    """``POST /api/v1/incidents/{id}/merge``: it is the same trouble as ``into``, which survives.

    ``into`` is an id or a number (42, INC-42).
    """

    into: Line


class Snooze(Command):
    """``POST /api/v1/incidents/{id}/snooze``: leave it alone for so long, then page anew."""

    minutes: int = Field(ge=1, le=7 * 24 * 60)


class LinkToken(Command):
    """A link of a message (shared.links), as somebody opened it."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class LinkView(Wire):
    """What a link is about, for the page that it leads to.

    ``outcome`` is open (it can be acknowledged), acknowledged (by this link, just now or before),
    taken (somebody has it already, ``by``), over, or expired, invalid or used, which do nothing.
    """

    outcome: Literal["open", "acknowledged", "taken", "over", "expired", "invalid", "used"]
    incident: Incident | None = None
    person: Ref | None = None
    by: Text | None = None


class TimelineEntry(Wire):
    """One thing that happened: who, what, when, why.

    ``kind`` is for programs (one of ``IncidentKind`` or ``PageKind``), ``data`` its facts, ``text``
    the sentence for people, in the language the request asks for, ``reason`` the named reason of a
    rule. ``actor`` is null when a rule acted. ``at`` is when it happened, ``recorded_at`` when it
    was written here.
    """

    id: int
    incident_id: UUID
    at: Instant
    recorded_at: Instant
    kind: Text
    actor: Actor | None = None
    text: Text
    reason: Text = ""
    data: dict[str, Any] = {}


class IncidentAlert(Wire):
    """An alert of an incident; ``resolved_reason`` says how it ended."""

    id: UUID
    incident_id: UUID
    integration: Text
    fingerprint: Text
    service: Text
    severity: Severity
    message: Text
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    links: dict[str, str] = {}
    state: Literal["firing", "resolved"]
    starts_at: Instant
    attached_at: Instant
    resolved_at: Instant | None = None
    resolved_reason: Text = ""


class IncidentWhy(Wire):
    """``GET /api/v1/incidents/{id}/why``: from the alerts to the receipts of messages.

    ``alerts`` are the first that it has, ``opened`` what began it. ``pages`` is null while
    oncall-service cannot be asked, or was not told yet.
    """

    incident: Incident
    opened: TimelineEntry | None
    alerts: list[IncidentAlert]
    pages: WhyView | None


class IncidentMeasures(Wire):
    """``GET /api/v1/incidents/{id}/metrics``; all durations are seconds.

    ``open_seconds`` runs until the resolution, or until now. mtta and mttr of a merged incident
    are null: its survivor is measured.
    """

    incident_id: UUID
    number: int
    severity: Severity
    status: Status
    created_at: Instant
    acknowledged_at: Instant | None = None
    resolved_at: Instant | None = None
    mtta_seconds: float | None = None
    mttr_seconds: float | None = None
    open_seconds: float


class Durations(Wire):
    """A distribution of durations in seconds; the figures are null when ``count`` is 0.

    A percentile is a duration that happened: of the nearest rank, so many were at most that long.
    """

    count: int = 0
    mean_seconds: float | None = None
    p50_seconds: float | None = None
    p95_seconds: float | None = None


class Tally(Wire):
    """What happened in the window, under one heading: each figure by its own instant.

    ``created`` counts the incidents that were opened in it, ``acknowledged`` and ``mtta`` those
    first acknowledged in it, ``resolved`` and ``mttr`` those that ended in it, whenever they began;
    merged ones do not end. ``..._in_time`` are those within the target of their severity,
    ``never_acknowledged`` those of ``resolved`` that nobody had acknowledged.
    """

    created: int = 0
    acknowledged: int = 0
    acknowledged_in_time: int = 0
    resolved: int = 0
    resolved_in_time: int = 0
    never_acknowledged: int = 0
    mtta: Durations = Field(default_factory=Durations)
    mttr: Durations = Field(default_factory=Durations)


class SeverityTally(Tally):
    """One severity."""

    severity: Severity


class ServiceTally(Tally):
    """One service; ``open`` counts its incidents that are not resolved now, whenever created."""

    service: Text
    open: int = 0


class TeamTally(Tally):
    """One team; null: incidents without one. ``open`` as for a service."""

    team: Text | None
    open: int = 0


class DayCount(Wire):
    """Incidents created on one UTC day."""

    day: Text
    created: int


class OpenNow(Wire):
    """Incidents that are not over at this moment, merged ones left out; zeros included."""

    total: int
    by_severity: dict[Severity, int]
    by_status: dict[Status, int]


class Stats(Wire):
    """``GET /api/v1/stats``: exact figures over what happened in [since, until).

    By when it happened, as the counters on /metrics count. Service, team and severity are those
    that an incident has now. ``previous`` is the total of the window before, of equal length, where
    it was asked for.
    """

    since: datetime
    until: datetime
    open: OpenNow
    total: Tally
    previous: Tally | None = None
    by_severity: list[SeverityTally]
    by_service: list[ServiceTally]
    by_team: list[TeamTally] = []
    by_day: list[DayCount]


class FeedEvent(Wire):
    """The data of one ``incident`` event of ``GET /api/v1/events``.

    ``type`` names the change as on the timeline; the snapshot is the incident afterwards.
    """

    type: Text
    occurred_at: Instant
    incident: Incident
    actor: Actor | None = None
    reason: Text = ""
