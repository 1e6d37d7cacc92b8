"""What a page says."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from oncall_service.channels.base import Message


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
