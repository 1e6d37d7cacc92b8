"""How a timeline entry looks: icon and tone by kind. Pure; an unknown kind gets a plain dot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.incident_api import TimelineEntry

LOOKS: dict[str, tuple[str, str]] = {
    "incident.opened": ("open", "bad"),
    "incident.imported": ("open", ""),
    "incident.recurred": ("repeat", "bad"),
    "incident.reopened": ("repeat", "bad"),
    "incident.acknowledged": ("acknowledge", "wait"),
    "incident.in_progress": ("start", "busy"),
    "incident.released": ("release", "bad"),
    "incident.resolved": ("resolve", "good"),
    "incident.merged": ("merge", ""),
    "incident.absorbed": ("merge", ""),
    "incident.updated": ("edit", ""),
    "incident.assigned": ("assign", ""),
    "incident.unchanged": ("event", ""),
    "alert.attached": ("alert", ""),
    "alert.resolved": ("resolve", ""),
    "note": ("note", ""),
    "page.started": ("page", ""),
    "page.requested": ("escalate", "busy"),
    "page.target": ("page", "busy"),
    "page.gap": ("gap", "bad"),
    "page.exhausted": ("warning", "bad"),
    "page.stopped": ("page", ""),
    "notification.sent": ("sent", "good"),
    "notification.failed": ("failed", "bad"),
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
    icon, tone = LOOKS.get(entry.kind, PLAIN)
    who = entry.actor.name if entry.actor and entry.actor.kind != "system" else None
    return Moment(entry.at, icon, tone, who, entry.text, entry.kind == "note")
