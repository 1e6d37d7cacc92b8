"""What reports answer: of incidents (incident-management), of duty (oncall-service).

All durations are seconds.
"""

from datetime import datetime

from shared.contracts.incident_api import Durations, Tally
from shared.contracts.wire import Ref, Text, Wire


class Bucket(Wire):
    """So many durations were above the bound before and at most ``up_to``; null: the longest."""

    up_to: float | None
    count: int


class ReportDay(Wire):
    """One day on the clock of the report's zone; its first and last may be a part of one."""

    day: Text
    created: int = 0
    resolved: int = 0
    mtta: Durations
    mttr: Durations


class ServiceLoad(Wire):
    """One service, most incidents first."""

    service: Text
    created: int
    mtta: Durations
    mttr: Durations


class Noise(Wire):
    """Incidents about the same: one service, and one correlation key (null: one title).

    ``title`` and ``number`` are of the latest of them. Merged ones are left out, their alerts are
    with the survivor.
    """

    service: Text
    correlation_key: Text | None
    title: Text
    number: int
    incidents: int
    alerts: int


class IncidentReport(Wire):
    """``GET /api/v1/reports/incidents``: what happened in [since, until), each by its own instant.

    ``previous`` is the same of the window before it, of equal length. ``by_day`` has every day,
    ``by_hour`` a row for each weekday from Monday, of 24 counts of incidents created by the hour.
    ``mtta`` and ``mttr`` are distributions over the buckets of the histograms. ``noisiest`` knows
    incidents that are kept alone; the rest counts forgotten ones too.
    """

    since: datetime
    until: datetime
    zone: Text
    total: Tally
    previous: Tally
    by_day: list[ReportDay]
    by_service: list[ServiceLoad]
    by_hour: list[list[int]]
    mtta: list[Bucket]
    mttr: list[Bucket]
    noisiest: list[Noise]


class FairnessRow(Wire):
    """What being on call has cost one person.

    Pages are the times a step of an escalation reached them. Night is 22:00 to 07:00, weekend is
    Saturday and Sunday, in their own zone; the hours of both are those as primary. Out of hours is
    outside their working hours (without any: Monday to Friday, 9 to 18). ``holiday_pages`` is null
    without a country.
    """

    person: Ref
    pages: int
    night_pages: int
    weekend_pages: int
    out_of_hours_pages: int
    holiday_pages: int | None
    primary_hours: float
    secondary_hours: float
    night_hours: float
    weekend_hours: float


class FairnessView(Wire):
    """Who carried what from ``start`` until ``end``, by name; ``team`` null: of all teams."""

    start: datetime
    end: datetime
    team: Ref | None
    country: Text | None
    people: list[FairnessRow]
