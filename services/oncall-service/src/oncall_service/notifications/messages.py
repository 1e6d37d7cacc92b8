"""What is owed to a person, as data, and the message it becomes when it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from oncall_service.notifications.channels.base import Message
from shared import links
from shared.contracts.oncall import NEWS, MessageKind
from shared.words import messages as words_of
from shared.words.catalogues import Say


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of the incident when a message about it is owed."""

    id: UUID
    number: int
    title: str
    service: str
    severity: str

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that every message about an incident has."""
        return {
            "incident_id": str(self.id),
            "incident_number": self.number,
            "incident_title": self.title,
            "severity": self.severity,
            "service": self.service,
        }


@dataclass(frozen=True, slots=True)
class Content:
    """What a message is about: its kind, and the facts it is worded from."""

    kind: MessageKind
    facts: Mapping[str, Any]


def page(incident: Subject, *, team: str, reason: str, by: str | None = None) -> Content:
    """A page; ``reason`` says why this person gets it, ``by`` who asked for them, if anybody."""
    asked = {"by": by} if by is not None else {}
    return Content(MessageKind.PAGE, {**incident.facts, "team": team, "reason": reason, **asked})


def more_alerts(
    incident: Subject, *, count: int, worst_severity: str, worst_message: str
) -> Content:
    """What somebody who has taken an incident hears of alerts that joined it since."""
    return Content(
        MessageKind.MORE_ALERTS,
        {
            **incident.facts,
            "count": count,
            "worst_severity": worst_severity,
            "worst_message": worst_message,
            "reason": "more_alerts",
        },
    )


def news(kind: MessageKind, incident: Subject, *, reason: str, by: str | None) -> Content:
    """What somebody who was paged hears when others took care of it; ``by`` None: it did itself."""
    return Content(kind, {**incident.facts, "by": by, "reason": reason})


def verification(code: str) -> Content:
    """A code to be typed in: what it was sent to leads to whoever knows it."""
    return Content(MessageKind.VERIFICATION, {"code": code})


def trial() -> Content:
    """A test: it says that it is one."""
    return Content(MessageKind.TEST, {})


def stored(content: Content) -> dict[str, Any]:
    """A content as JSON, to be worded when it is sent.

    ``title``, ``text`` and ``url`` are what the release before this one needs to send it all the
    same, should it come back: the kind, the incident's own title and where it is found.
    """
    return {
        "kind": content.kind,
        "facts": dict(content.facts),
        "title": f"{content.kind}: {content.facts.get('incident_title', '')}",
        "text": "",
        "url": _path(content.facts),
    }


def composed(
    words: Say,
    document: Mapping[str, Any],
    *,
    person: str,
    web_ui_url: str,
    acknowledge_token: str = "",
) -> Message:
    """The message that was stored, in words for ``person``, who may acknowledge by the token."""
    if _is_worded(document):
        return Message(document["title"], document["text"], document["url"], document["facts"])
    kind, facts = document["kind"], document["facts"]
    said = words_of.worded(words, kind, person, facts)
    base = web_ui_url.rstrip("/")
    acknowledge = f"{base}{links.PATH}{acknowledge_token}" if acknowledge_token else ""
    return Message(said.title, said.text, base + _path(facts), {"kind": kind, **facts}, acknowledge)


def title(words: Say, document: Mapping[str, Any], *, person: str) -> str:
    """The title of what was stored; empty for a page that found nobody to be told."""
    return composed(words, document, person=person, web_ui_url="").title if document else ""


def bundle(words: Say, messages: Sequence[Message], *, person: str, web_ui_url: str) -> Message:
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
    only_news = all(message.facts.get("kind") in NEWS for message in told)
    word = words_of.news_bundle if only_news else words_of.bundle
    said = word(words, person, [message.title for message in told])
    return Message(
        title=said.title,
        text=said.text,
        url=f"{web_ui_url.rstrip('/')}/",
        facts={
            **worst.facts,
            "kind": MessageKind.BUNDLE,
            "count": len(told),
            "incidents": [
                {
                    name: message.facts.get(name)
                    for name in ("kind", "incident_id", "incident_number", "severity", "service")
                }
                for message in told
            ],
        },
    )


def _is_worded(document: Mapping[str, Any]) -> bool:
    # A release that stored words knew no kinds, and may still be writing while this one starts.
    return bool(document.get("kind", MessageKind.LEGACY) == MessageKind.LEGACY)


def _path(facts: Mapping[str, Any]) -> str:
    incident = facts.get("incident_id")
    return f"/incidents/{incident}" if incident else ""
