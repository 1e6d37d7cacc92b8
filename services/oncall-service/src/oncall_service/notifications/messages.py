"""What a page says."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from oncall_service.notifications.channels.base import Message


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of the incident when the page is written."""

    id: UUID
    number: int
    title: str
    service: str
    severity: str


def page(incident: Subject, *, person: str, team: str, reason: str, web_ui_url: str) -> Message:
    """The message for a step of an escalation; ``reason`` says why this person gets it."""
    reference = f"INC-{incident.number}"
    return Message(
        title=f"[{incident.severity.upper()}] {reference} {incident.title}",
        text=(
            f"{person}, you are paged for {reference}: {incident.title}\n"
            f"Service: {incident.service}\nSeverity: {incident.severity}\nTeam: {team}\n"
            f"Why you: {reason.replace('_', ' ')}\n"
            "Acknowledge it to stop the escalation."
        ),
        url=f"{web_ui_url.rstrip('/')}/incidents/{incident.id}",
        facts={
            "kind": "page",
            "incident_id": str(incident.id),
            "incident_number": incident.number,
            "severity": incident.severity,
            "service": incident.service,
            "team": team,
            "reason": reason,
        },
    )


def more_alerts(
    incident: Subject, *, count: int, worst: str, person: str, web_ui_url: str
) -> Message:
    """What somebody who has taken an incident hears of alerts that joined it since."""
    reference = f"INC-{incident.number}"
    alerts = "1 more alert" if count == 1 else f"{count} more alerts"
    return Message(
        title=f"[{incident.severity.upper()}] {alerts} on {reference} {incident.title}",
        text=(
            f"{person}, {alerts} joined {reference}, which you have: {incident.title}\n"
            f"The worst of them: {worst}\n"
            f"Service: {incident.service}\nSeverity: {incident.severity}"
        ),
        url=f"{web_ui_url.rstrip('/')}/incidents/{incident.id}",
        facts={
            "kind": "more_alerts",
            "count": count,
            "incident_id": str(incident.id),
            "incident_number": incident.number,
            "severity": incident.severity,
            "service": incident.service,
            "reason": "more_alerts",
        },
    )


# The text names the first few; a program gets all of them.
_NAMED = 10


def bundle(messages: Sequence[Message], *, person: str, web_ui_url: str) -> Message:
    """One message for many that had to wait, in the order of their urgency: the worst is first.

    An incident counts once, however often it was to be said.
    """
    by_incident: dict[str, Message] = {}
    for message in messages:
        by_incident.setdefault(message.facts.get("incident_id", ""), message)
    told = list(by_incident.values())
    worst = told[0]
    if len(told) == 1:
        return replace(worst, facts={**worst.facts, "messages": len(messages)})
    lines = [message.title for message in told[:_NAMED]]
    rest = len(told) - len(lines)
    return Message(
        title=f"{len(told)} more incidents, worst: {worst.title}",
        text="\n".join(
            [
                f"{person}, {len(told)} more incidents, the worst first:",
                *(f"- {line}" for line in lines),
                *([f"and {rest} more"] if rest else []),
            ]
        ),
        url=f"{web_ui_url.rstrip('/')}/",
        facts={
            **worst.facts,
            "kind": "bundle",
            "count": len(told),
            "incidents": [
                {
                    name: message.facts.get(name)
                    for name in ("incident_id", "incident_number", "severity", "service")
                }
                for message in told
            ],
        },
    )


def trial(person: str, web_ui_url: str) -> Message:
    """The message of a test: it says that it is one."""
    return Message(
        title="Vigie: test message",
        text=f"{person}, this contact method works. Nothing is wrong.",
        url=web_ui_url,
        facts={"kind": "test"},
    )


def stored(message: Message) -> dict[str, Any]:
    """A message as JSON, to be sent later."""
    return asdict(message)


def restored(document: dict[str, Any]) -> Message:
    """A stored message; fields a newer version added are left out."""
    return Message(
        title=document["title"],
        text=document["text"],
        url=document["url"],
        facts=document["facts"],
    )
