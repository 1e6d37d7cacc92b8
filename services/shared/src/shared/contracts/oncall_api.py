"""What oncall-service's public API answers, as its clients read it."""

from datetime import datetime
from uuid import UUID

from shared.contracts.identity import Role
from shared.contracts.wire import Ref, Severity, Text, Wire


class SessionView(Wire):
    """A person has signed in: ``token`` acts for them until ``expires_at``; shown only here."""

    token: Text
    person: Ref
    role: Role
    expires_at: datetime


class OwnSession(Wire):
    """One of the caller's sessions; ``current`` is the one that asked.

    ``agent`` is what its browser called itself, ``last_seen_at`` to the minute; null: not known.
    """

    id: UUID
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime | None
    agent: Text | None
    current: bool


class OnDuty(Ref):
    """Somebody on call. ``reachable`` is false while they have no working contact method."""

    reachable: bool = True


class CurrentView(Wire):
    """Who is on call for a team, now or at the instant asked about.

    ``until`` is the next change within 60 days, or null. ``gap``: nobody is primary, so a page goes
    to ``fallback`` (null: to the catch-all team and the administrators); ``intended``: the schedule
    says that nobody needs to be. ``primary_from`` and ``secondary_from`` are the layer that
    decided, or ``override``, ``swap`` or ``import``.
    """

    team: Ref
    primary: OnDuty | None = None
    secondary: OnDuty | None = None
    primary_from: Text | None = None
    secondary_from: Text | None = None
    until: datetime | None = None
    gap: bool = False
    intended: bool = False
    fallback: OnDuty | None = None


class ShiftView(Wire):
    """A stretch of the final calendar: who, and why.

    ``source`` is the layer that decided who is primary, or the ``kind`` of what was put over the
    layers. A ``kind`` is layer, override, swap or import, and ``layer`` the name of a layer.
    ``intended``: the gap is meant to be.
    """

    start: datetime
    end: datetime
    primary: OnDuty | None = None
    secondary: OnDuty | None = None
    source: Text | None = None
    kind: Text | None = None
    layer: Text | None = None
    secondary_kind: Text | None = None
    secondary_layer: Text | None = None
    gap: bool = False
    intended: bool = False


class CalendarView(Wire):
    """The final shifts of a team, without hole or overlap."""

    team: Ref
    schedule: Ref | None = None
    time_zone: Text
    items: list[ShiftView]


class AttemptView(Wire):
    """One try to deliver a message; ``outcome`` is sent or failed."""

    at: datetime
    outcome: Text
    detail: Text


class NotificationView(Wire):
    """A message to a person and what became of it.

    ``outcome`` is pending, sent, failed or cancelled; ``reason`` is why this person was chosen.
    ``kind`` is one of ``MessageKind``; ``title`` and ``detail`` are in the language asked for.
    Those with the same ``bundle_id`` are one message; null: a message of its own, or none yet.
    """

    id: UUID
    kind: Text
    incident_id: UUID | None = None
    escalation_id: UUID | None = None
    round: int | None = None
    step: int | None = None
    person: Ref | None = None
    channel: Text
    target: Text = ""
    reason: Text = ""
    title: Text = ""
    outcome: Text
    detail: Text = ""
    idempotency_key: Text = ""
    bundle_id: UUID | None = None
    created_at: datetime
    finished_at: datetime | None = None
    attempts: list[AttemptView] = []


class AskedView(Wire):
    """Somebody a step paged, and why them."""

    person: Ref
    reason: Text
    why: Text


class DecisionView(Wire):
    """What a run decided about a step (``round`` and ``step`` from 0), why, and what it sent.

    ``kind`` is asked, asked_also (they came on call later), missed (no working contact method),
    skipped or ended. ``primary`` and ``secondary`` were on call for the team at that moment, by the
    layer, or the override, swap or import, of ``primary_by`` and ``secondary_by``.
    """

    at: datetime
    kind: Text
    round: int
    step: int
    reason: Text
    why: Text
    targets: list[Text] = []
    asked: list[AskedView] = []
    gap: bool = False
    webhooks: int = 0
    primary: Ref | None = None
    primary_by: Text | None = None
    secondary: Ref | None = None
    secondary_by: Text | None = None
    messages: list[NotificationView] = []


class RunWhyView(Wire):
    """A run: what began it, what ended it, and its decisions in their order."""

    id: UUID
    team: Ref
    policy: Text
    started_at: datetime
    started_reason: Text
    started_by: Text
    ended_at: datetime | None
    ended_reason: Text | None
    decisions: list[DecisionView]


class PersonWhyView(Wire):
    """Why somebody was paged for an incident, or was not: named reasons, and them in words."""

    person: Ref
    paged: bool
    reasons: list[Text]
    why: list[Text]
    messages: list[NotificationView]


class WhyView(Wire):
    """The ledger of an incident's pages, from what began them to what became of each message.

    ``others`` are messages of no step: of alerts that joined, and of what became of it.
    """

    incident_id: UUID
    number: int
    title: Text
    severity: Text
    runs: list[RunWhyView]
    others: list[NotificationView]
    person: PersonWhyView | None = None


class HoleView(Wire):
    """Something on the way from a service to a person that leads nowhere in [start, end).

    ``services`` are paged by the policy (empty: the team's own incidents, and those of services
    that nobody claims for the catch-all team). ``step`` is counted from 0. ``severities`` empty:
    of any. ``level`` broken: nobody of the policy can be asked, and a page goes to the fallback or
    the last resort; weak: a part of the policy leads nowhere. ``reason`` says what is missing.
    """

    level: Text
    reason: Text
    why: Text
    services: list[Text]
    team: Ref
    policy: Text
    step: int | None = None
    target: Text | None = None
    target_team: Ref | None = None
    person: Ref | None = None
    severities: list[Severity] = []
    start: datetime
    end: datetime


class CoverageView(Wire):
    """What was found for [at, until), the worst first; ``ok``: nothing is broken.

    ``holes`` are as many as were asked for, ``broken`` and ``weak`` count all of them.
    """

    at: datetime
    until: datetime
    ok: bool
    broken: int
    weak: int
    holes: list[HoleView]


class EscalationView(Wire):
    """A run. ``step`` and ``round`` (from 0) are what it does next, at ``due_at``.

    ``status`` is running, stopped, exhausted or completed (a single step asked for by hand).
    ``next_people`` are those it would ask if it were done now: in lists of runs that go on.
    """

    id: UUID
    incident_id: UUID
    team: Ref
    policy: Text
    status: Text
    round: int
    step: int
    steps: int
    due_at: datetime | None
    started_at: datetime
    started_reason: Text
    started_by: Text
    ended_at: datetime | None
    ended_reason: Text | None
    next_people: list[Ref] = []
