"""What Prometheus would have measured of a week: its incidents as OpenMetrics with timestamps.

A pure function of the incidents. The labels are those that Prometheus gives the live series (job
``vigie`` of prometheus.yml) but for ``instance``: a series of its own, because samples between
those of a living counter would look like resets.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import ages
import people
from staircases import COUNTERS_SECONDS, Family, Grid, Staircases

from incident_management.measures import BUCKETS

_SEVERITIES = ("critical", "high", "medium", "low")
_UNRESOLVED = ("open", "acknowledged", "in_progress")
_REACHED = ("open", "ack", "resolved")
_RESULTS = ("new_incident", "existing_incident", "duplicate", "held")
_HOURS = ("in", "out")

# What an installation begins with, in seconds; a test compares.
TARGETS = {
    "acknowledge": {"critical": 300, "high": 900, "medium": 3600, "low": 28800},
    "resolve": {"critical": 14400, "high": 28800, "medium": 259200, "low": 604800},
}

_INCIDENTS, _ALERTS, _ONCALL = "incident-management", "alert-ingestion", "oncall-service"
INCIDENTS = Family("incidents", "counter", _INCIDENTS)
CREATED = Family("incidents_created", "counter", _INCIDENTS)
ACKNOWLEDGED = Family("incidents_acknowledged", "counter", _INCIDENTS)
RESOLVED = Family("incidents_resolved", "counter", _INCIDENTS)
NEVER_ACKNOWLEDGED = Family("incidents_never_acknowledged", "counter", _INCIDENTS)
ACKNOWLEDGE_SECONDS = Family("incident_acknowledge_seconds", "counter", _INCIDENTS)
RESOLVE_SECONDS = Family("incident_resolve_seconds", "counter", _INCIDENTS)
MTTA = Family("incident_mtta_seconds", "histogram", _INCIDENTS, BUCKETS)
MTTR = Family("incident_mttr_seconds", "histogram", _INCIDENTS, BUCKETS)
OPEN = Family("incidents_open", "gauge", _INCIDENTS)
TARGET = Family("incident_target_seconds", "gauge", _INCIDENTS)
RECEIVED = Family("alerts_received", "counter", _ALERTS)
CORRELATED = Family("alerts_correlated", "counter", _ALERTS)
ESCALATIONS = Family("escalations", "counter", _ONCALL)
PAGES = Family("oncall_pages", "counter", _ONCALL)
PAGED = Family("oncall_paged", "counter", _ONCALL)
PERSON = Family("oncall_person_info", "gauge", _ONCALL)
NOTIFICATIONS = Family("oncall_notifications_sent", "counter", _ONCALL)
# The buckets are those of oncall-service; a test compares.
NOTIFIED = Family(
    "oncall_notification_seconds",
    "histogram",
    _ONCALL,
    (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600),
)


def lines(incidents: Iterable[Mapping[str, Any]], grid: Grid, instance: str) -> Iterator[str]:
    """The lines of an OpenMetrics file, without its end."""
    week = Staircases(instance)
    _begin(week)
    waiting = []
    for incident in incidents:
        _incident(week, incident)
        waiting.append(_unacknowledged(incident))
    yield from week.lines(grid)
    yield from ages.lines(waiting, _SEVERITIES, grid, instance)


def number_of_opened(incidents: Iterable[Mapping[str, Any]], grid: Grid) -> int:
    """How many samples ``incidents_total`` of the incidents that were opened has among them."""
    created = (datetime.fromisoformat(incident["created_at"]) for incident in incidents)
    steps = [grid.within(at.timestamp()) for at in created]
    return len(grid.around(steps, COUNTERS_SECONDS))


def _begin(week: Staircases) -> None:
    """Every series that the services expose before anything happened, for the same panels."""
    for severity in _SEVERITIES:
        for status in _UNRESOLVED:
            week.begin(OPEN, severity=severity, status=status)
        week.observe(MTTA, 0, None, severity=severity)
        week.observe(MTTR, 0, None, severity=severity)
        week.begin(RECEIVED, severity=severity)
        week.begin(PAGED, severity=severity)
        for step, targets in TARGETS.items():
            week.always(TARGET, targets[severity], severity=severity, step=step)
    for status in _REACHED:
        week.begin(INCIDENTS, status=status)
    for result in _RESULTS:
        week.begin(CORRELATED, result=result)
    for outcome in ("sent", "failed"):
        week.begin(NOTIFICATIONS, channel="log", outcome=outcome)
    week.observe(NOTIFIED, 0, None, channel="log")


def _incident(week: Staircases, incident: Mapping[str, Any]) -> None:
    severity, service = incident["severity"], incident["service"]
    created, resolved = _at(incident, "created_at"), _at(incident, "resolved_at")
    assert created is not None
    assert resolved is not None
    week.add(INCIDENTS, created, status="open")
    week.add(CREATED, created, service=service, severity=severity)
    _handled(week, incident, resolved)
    _states(week, incident, severity)
    _alerts(week, incident, created, resolved)
    _pages(week, incident, created)


def _handled(week: Staircases, incident: Mapping[str, Any], resolved: float) -> None:
    """When it was acknowledged and resolved, and whether in time."""
    severity = incident["severity"]
    whose = {"service": incident["service"], "team": incident["team"], "severity": severity}
    _begin_whose(week, whose)
    acknowledged = _at(incident, "acknowledged_at")
    if acknowledged is None:
        week.add(NEVER_ACKNOWLEDGED, resolved, **whose)
    else:
        seconds = _between(incident, "acknowledged_at")
        week.add(INCIDENTS, acknowledged, status="ack")
        week.observe(MTTA, acknowledged, seconds, severity=severity)
        in_time = _in_time("acknowledge", severity, seconds)
        week.add(ACKNOWLEDGED, acknowledged, in_time=in_time, **whose)
        week.add(ACKNOWLEDGE_SECONDS, acknowledged, seconds, **whose)
    seconds = _between(incident, "resolved_at")
    week.add(INCIDENTS, resolved, status="resolved")
    week.observe(MTTR, resolved, seconds, severity=severity)
    week.add(RESOLVED, resolved, in_time=_in_time("resolve", severity, seconds), **whose)
    week.add(RESOLVE_SECONDS, resolved, seconds, **whose)


def _begin_whose(week: Staircases, whose: Mapping[str, str]) -> None:
    """What has one of these figures has all of them, from zero on."""
    for family in (ACKNOWLEDGE_SECONDS, RESOLVE_SECONDS, NEVER_ACKNOWLEDGED):
        week.begin(family, **whose)
    for family in (ACKNOWLEDGED, RESOLVED):
        for in_time in ("yes", "no"):
            week.begin(family, in_time=in_time, **whose)


def _in_time(step: str, severity: str, seconds: float) -> str:
    return "yes" if seconds <= TARGETS[step][severity] else "no"


def _states(week: Staircases, incident: Mapping[str, Any], severity: str) -> None:
    """Open, acknowledged, in progress: in each from its time to that of the next."""
    fields = ("created_at", "acknowledged_at", "in_progress_at")
    entered = [
        (at, status)
        for status, field in zip(_UNRESOLVED, fields, strict=True)
        if (at := _at(incident, field)) is not None
    ]
    leaves = [*(at for at, _ in entered[1:]), _at(incident, "resolved_at")]
    for (at, status), left in zip(entered, leaves, strict=True):
        assert left is not None
        week.add(OPEN, at, 1, severity=severity, status=status)
        week.add(OPEN, left, -1, severity=severity, status=status)


def _unacknowledged(incident: Mapping[str, Any]) -> ages.Waiting:
    created, resolved = _at(incident, "created_at"), _at(incident, "resolved_at")
    assert created is not None
    assert resolved is not None
    acknowledged = _at(incident, "acknowledged_at")
    return ages.Waiting(incident["severity"], created, acknowledged or resolved)


def _alerts(week: Staircases, incident: Mapping[str, Any], created: float, resolved: float) -> None:
    """Its alerts, one a minute; those of what ended by itself were resolved by their sender."""
    for number in range(incident["alert_count"]):
        at = min(created + 60 * number, resolved)
        week.add(RECEIVED, at, severity=incident["severity"])
        week.add(CORRELATED, at, result="existing_incident" if number else "new_incident")
        if "resolved_by" not in incident:
            week.add(RECEIVED, resolved, severity=incident["severity"])


def _pages(week: Staircases, incident: Mapping[str, Any], created: float) -> None:
    """An escalation each; every page of the timeline is a message that went out by the log."""
    team, person = people.team_of(incident["service"]).name, incident["assignee"]
    week.add(ESCALATIONS, created, team=team)
    for entry in incident["timeline"]:
        if entry.get("kind") == "page.target":
            at = datetime.fromisoformat(entry["at"])
            for hours in _HOURS:
                week.begin(PAGES, team=team, person_id=person["id"], hours=hours)
            week.always(PERSON, 1, person_id=person["id"], person=person["name"])
            due = at.timestamp()
            week.add(PAGES, due, team=team, person_id=person["id"], hours=_hours(at))
            week.add(PAGED, due, severity=incident["severity"])
            took = _delivery_seconds(incident["id"])
            week.add(NOTIFICATIONS, due + took, channel="log", outcome="sent")
            week.observe(NOTIFIED, due + took, took, channel="log")


def _hours(at: datetime) -> str:
    """Whether that is in the hours of those who have none of their own, taken as UTC."""
    wall = at.astimezone(UTC)
    return "in" if wall.weekday() < 5 and 9 <= wall.hour < 18 else "out"


def _delivery_seconds(identity: str) -> float:
    """How long the message of a page took, of no rhyme: up to two and a half seconds."""
    return round(0.05 + int(identity[-2:], 16) / 105, 2)


def _at(incident: Mapping[str, Any], field: str) -> float | None:
    return datetime.fromisoformat(incident[field]).timestamp() if field in incident else None


def _between(incident: Mapping[str, Any], field: str) -> float:
    created, end = (datetime.fromisoformat(incident[name]) for name in ("created_at", field))
    return (end - created).total_seconds()
