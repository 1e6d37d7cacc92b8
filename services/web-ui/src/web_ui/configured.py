"""Schedules and policies, as far as web-ui reads what oncall-service answers of them."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from shared.contracts.oncall_api import OnDuty
from shared.contracts.wire import Ref, Severity, Text, Wire
from web_ui.people import Hours


class ScheduleLayer(Wire):
    """A rotation; ``start`` is its first hand-off, on the wall clock of the schedule's zone."""

    name: Text
    role: Text
    kind: Text
    every: int
    length_days: int | None
    participants: Sequence[Ref]
    start: datetime
    hours: Sequence[Hours]
    on_holidays: Text


class Holidays(Wire):
    """The public holidays of a country or a part of it, and further dates."""

    country: Text | None = None
    subdivision: Text | None = None
    dates: Sequence[date] = ()


class Duties(Wire):
    """Who is on call at an instant."""

    primary: OnDuty | None
    secondary: OnDuty | None


class ComingChange(Wire):
    """The layers change at an instant: who is on call just before, and who from then on."""

    effective_at: datetime
    before: Duties
    after: Duties


class Schedule(Wire):
    """A schedule; ``change`` is set while what was asked for last is still to come."""

    id: UUID
    name: Text
    team: Ref
    time_zone: Text
    layers: Sequence[ScheduleLayer]
    holidays: Holidays | None
    intended_gaps: Sequence[Hours]
    change: ComingChange | None


class PolicyTarget(Wire):
    """Somebody a step pages; ``secret`` of a webhook only in the answer that makes it."""

    kind: Text
    person: Ref | None
    team: Ref | None
    url: Text | None
    secret: Text | None = None


class PolicyStep(Wire):
    """Page the targets, and wait ``delay_minutes``; ``hours`` is within, outside or null."""

    delay_minutes: int
    targets: Sequence[PolicyTarget]
    severities: Sequence[Severity] | None
    hours: Text | None


class Policy(Wire):
    """How a team is paged."""

    id: UUID
    name: Text
    team: Ref
    repeat: int
    steps: Sequence[PolicyStep]
    fallback: Ref | None
    acknowledge_timeout_minutes: int | None
