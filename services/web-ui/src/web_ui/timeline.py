"""How a timeline entry looks: icon and tone by kind. Pure; an unknown kind gets a plain dot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.incident_api import TimelineEntry
from shared.contracts.incidents import IncidentKind
from shared.contracts.oncall import PageKind

LOOKS: dict[str, tuple[str, str]] = {
    IncidentKind.OPENED: ("open", "bad"),
    IncidentKind.IMPORTED: ("open", ""),
    IncidentKind.RECURRED: ("repeat", "bad"),
    IncidentKind.REOPENED: ("repeat", "bad"),
    IncidentKind.ACKNOWLEDGED: ("acknowledge", "wait"),
    IncidentKind.IN_PROGRESS: ("start", "busy"),
    IncidentKind.RELEASED: ("release", "bad"),
    IncidentKind.SNOOZED: ("release", "wait"),
    IncidentKind.RESOLVED: ("resolve", "good"),
    IncidentKind.MERGED: ("merge", ""),
    IncidentKind.ABSORBED: ("merge", ""),
    IncidentKind.RETITLED: ("edit", ""),
    IncidentKind.SEVERITY_CHANGED: ("edit", "wait"),
    IncidentKind.TEAM_CHANGED: ("edit", ""),
    IncidentKind.ASSIGNED: ("assign", ""),
    IncidentKind.UNCHANGED: ("event", ""),
    IncidentKind.ALERT_ATTACHED: ("alert", ""),
    IncidentKind.ALERT_UPDATED: ("alert", ""),
    IncidentKind.ALERT_RESOLVED: ("resolve", ""),
    IncidentKind.SERVICE_CHANGED: ("edit", ""),
    IncidentKind.NOTE: ("note", ""),
    PageKind.STARTED: ("page", ""),
    PageKind.REQUESTED: ("escalate", "busy"),
    PageKind.TARGET: ("page", "busy"),
    PageKind.UNREACHABLE: ("gap", "bad"),
    PageKind.GAP: ("gap", "bad"),
    PageKind.SKIPPED: ("gap", ""),
    PageKind.EXHAUSTED: ("warning", "bad"),
    PageKind.STOPPED: ("page", ""),
    PageKind.FORGOTTEN: ("page", "bad"),
    PageKind.NOTIFICATION_SENT: ("sent", "good"),
    PageKind.NOTIFICATION_FAILED: ("failed", "bad"),
}

PLAIN = ("event", "")


@dataclass(frozen=True)
class Moment:
    """One entry, ready to be shown; ``note`` is what a person wrote, shown as they wrote it."""

    at: datetime
    icon: str
    tone: str
    who: str | None
    text: str
    note: bool


def moments(entries: Iterable[TimelineEntry]) -> Sequence[Moment]:
    """Newest first: what happened last is what a responder needs."""
    ordered = sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=True)
    return [_moment(entry) for entry in ordered]


def _moment(entry: TimelineEntry) -> Moment:
    # A sentence of a release that stored sentences says what it was.
    kind = entry.data.get("kind", "") if entry.kind == IncidentKind.LEGACY else entry.kind
    icon, tone = LOOKS.get(kind, PLAIN)
    who = entry.actor.name if entry.actor and entry.actor.kind != "system" else None
    return Moment(entry.at, icon, tone, who, entry.text, entry.kind == IncidentKind.NOTE)
