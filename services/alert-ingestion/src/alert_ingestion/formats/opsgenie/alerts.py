"""Opsgenie's alerts: POST /v2/alerts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from alert_ingestion.formats import bounds, details, labelled
from alert_ingestion.formats.opsgenie.answers import accepted, answering_alike
from alert_ingestion.formats.reading import Envelope, Reading, decode_object
from alert_ingestion.model import FollowUp, FollowUpKind, Policy, ReceivedAlert, Said, Sent
from shared.errors import FieldError, Invalid

_LONGEST_ALIAS: Final = 512
_PRIORITIES: Final = ("P1", "P2", "P3", "P4", "P5")
_READ: Final = frozenset(
    {"message", "alias", "description", "details", "priority", "user", "note", "source", "entity"}
    | {"tags", "responders", "visibleTo", "actions"}
)


def identity_of(alias: str) -> str:
    """The identity of an alias; one that is too long to be found by has a digest instead."""
    if len(alias) <= _LONGEST_ALIAS:
        return alias
    return hashlib.sha256(alias.encode()).hexdigest()


def kept(sent: Sent) -> Sent:
    """A request with the alias that its alert gets when it has none: another one each time."""
    return replace(sent, path={**sent.path, "alias": uuid4().hex})


def take_apart(sent: Sent) -> Envelope:
    """The one alert of a body."""
    alert = decode_object(sent.body, otherwise="An alert of Opsgenie is a JSON object.")
    alias = details.text(alert.get("alias")) or sent.path.get("alias", "")
    return Envelope([alert], beside={"identity": identity_of(alias)}, is_list=False)


def read(
    envelope: Envelope, items: Sequence[Any], _first: int, now: datetime, policy: Policy
) -> Reading:
    """An alert, and the note that came with it.

    Raises:
        Invalid: Opsgenie would refuse it, too.
    """
    [alert] = items
    faults = []
    if not details.text(alert.get("message")).strip():
        faults.append(FieldError("message", "Message can not be empty."))
    priority = alert.get("priority") or ""
    if priority and (not isinstance(priority, str) or priority.upper() not in _PRIORITIES):
        faults.append(FieldError("priority", "Priority must be one of P1, P2, P3, P4 and P5."))
    if faults:
        raise Invalid(faults)
    received = _received(alert, envelope.beside["identity"], now, policy)
    said: list[Said] = [received]
    if note := details.text(alert.get("note")):
        said.append(note_of(received.fingerprint, note, alert))
    return Reading(tuple(said))


def note_of(identity: str, note: str, body: Mapping[str, Any]) -> FollowUp:
    """Somebody's words about an alert."""
    return FollowUp(
        identity,
        FollowUpKind.NOTE,
        author=author_of(body),
        text=bounds.cut(note, bounds.LONGEST_VALUE),
    )


def author_of(body: Mapping[str, Any]) -> str:
    """Who a request says did it; else empty."""
    return bounds.cut(details.text(body.get("user")), bounds.LONGEST_NAME)


def _received(
    alert: Mapping[str, Any], identity: str, now: datetime, policy: Policy
) -> ReceivedAlert:
    priority = details.text(alert.get("priority")).upper()
    own, long = details.spread(
        {
            "priority": priority,
            "entity": alert.get("entity"),
            "source": alert.get("source"),
            "tags": _listed(alert.get("tags")),
            "responders": _listed(alert.get("responders")),
            "visible_to": _listed(alert.get("visibleTo")),
        }
    )
    free, annotations = details.spread(_free(alert), taken=own)
    beside = {
        "description": alert.get("description"),
        "user": alert.get("user"),
        "actions": _listed(alert.get("actions")),
    }
    said = {name: text for name, value in beside.items() if (text := details.text(value))}
    return labelled.received(
        {**free, **own},
        {**annotations, **long, **said},
        policy,
        links={"source": alert.get("source")},
        starts_at=now,
        starts_at_given=False,
        resolved=False,
        ends_at=None,
        own_fingerprint=identity,
        message=details.text(alert["message"]),
        service_else=own.get("entity") or policy.sender,
        graded={"priority": priority} if priority else None,
    )


def _free(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Details, and the fields that Opsgenie does not know."""
    given = alert.get("details")
    unknown = {name: value for name, value in alert.items() if name not in _READ}
    return {**unknown, **(given if isinstance(given, dict) else {"details": given})}


def _listed(value: Any) -> str:
    """A list in one line: ``team:ops, user:ada@example.com``."""
    if not isinstance(value, list):
        return details.text(value)
    return ", ".join(_one(part) for part in value)


def _one(part: Any) -> str:
    if not isinstance(part, dict):
        return details.text(part)
    who = next((part[name] for name in ("name", "username", "id") if part.get(name)), "")
    return ":".join(filter(None, (details.text(part.get("type")), details.text(who))))


def _is_alert(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "message" in value
        and "service" not in value
        and any(name in value for name in ("alias", "priority", "responders", "tags", "entity"))
    )


FORMAT: Final = answering_alike(
    name="opsgenie",
    paths=("/v2/alerts",),
    operation_id="opsgenie_alert",
    summary="OpsgenieAlert",
    description="Take an alert as Opsgenie's Alert API does.",
    open=take_apart,
    read=read,
    reply=accepted,
    kept=kept,
    schema={
        "type": "object",
        "required": ["message"],
        "properties": {
            "message": {"type": "string"},
            "alias": {"type": "string"},
            "description": {"type": "string"},
            "responders": {"type": "array", "items": {"type": "object"}},
            "visibleTo": {"type": "array", "items": {"type": "object"}},
            "actions": {"type": "array", "items": {"type": "string"}},
            "tags": {"type": "array", "items": {"type": "string"}},
            "details": {"type": "object"},
            "entity": {"type": "string"},
            "source": {"type": "string"},
            "priority": {"type": "string", "enum": list(_PRIORITIES)},
            "user": {"type": "string"},
            "note": {"type": "string"},
        },
    },
    body_description="An alert; its `alias` is its identity.",
    example={
        "message": "Error rate above 5 %",
        "alias": "checkout-error-rate",
        "priority": "P1",
        "entity": "checkout",
        "tags": ["prod"],
        "details": {"region": "eu-west-1"},
        "responders": [{"type": "team", "name": "shop"}],
    },
    keeps_outcome=True,
    recognises=_is_alert,
    called="an alert of Opsgenie",
)
