"""How a timeline entry looks: icon and tone by kind. Pure; an unknown kind gets a plain dot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from shared.contracts.incident_api import TimelineEntry
from shared.contracts.incidents import IncidentKind
from shared.contracts.oncall import PageKind
from web_ui.prose import linked, markdown

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

# What begins something, then what follows from it.
RANKS: dict[str, int] = {
    IncidentKind.OPENED: 0,
    IncidentKind.RECURRED: 0,
    IncidentKind.REOPENED: 0,
    IncidentKind.ALERT_ATTACHED: 1,
    IncidentKind.SEVERITY_CHANGED: 2,
    PageKind.STARTED: 3,
    PageKind.TARGET: 4,
    PageKind.GAP: 4,
    PageKind.UNREACHABLE: 4,
    IncidentKind.ASSIGNED: 5,
    PageKind.NOTIFICATION_SENT: 6,
    PageKind.NOTIFICATION_FAILED: 6,
    IncidentKind.ACKNOWLEDGED: 7,
    IncidentKind.IN_PROGRESS: 7,
    IncidentKind.RESOLVED: 8,
    PageKind.STOPPED: 9,
}
LAST = 7


@dataclass(frozen=True)
class Moment:
    """One entry, ready to be shown; ``note`` is what a person wrote, in Markdown."""

    at: datetime
    icon: str
    tone: str
    who: str | None
    text: Markup
    note: bool


def moments(entries: Iterable[TimelineEntry], *, oldest_first: bool = False) -> Sequence[Moment]:
    """Newest first unless asked otherwise: what happened last is what a responder needs.

    The services have clocks of their own, and what follows from something may bear an earlier
    instant than that: within a second, what causes comes before what it causes.
    """
    ordered = in_order(entries)
    return [_moment(entry) for entry in (ordered if oldest_first else reversed(ordered))]


def in_order(entries: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    """As things happened, what causes before what it causes."""
    return sorted(entries, key=_cause_first)


def _cause_first(entry: TimelineEntry) -> tuple[datetime, int, datetime, int]:
    return (entry.at.replace(microsecond=0), RANKS.get(entry.kind, LAST), entry.at, entry.id)


def _moment(entry: TimelineEntry) -> Moment:
    # A sentence of a release that stored sentences says what it was.
    kind = entry.data.get("kind", "") if entry.kind == IncidentKind.LEGACY else entry.kind
    icon, tone = LOOKS.get(kind, PLAIN)
    who = entry.actor.name if entry.actor and entry.actor.kind != "system" else None
    note = entry.kind == IncidentKind.NOTE
    return Moment(entry.at, icon, tone, who, (markdown if note else linked)(entry.text), note)
