"""PagerDuty's events of alerts: POST /v2/enqueue.

What PagerDuty refuses is refused; what it would cut is kept as far as our own bounds go.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from alert_ingestion.formats import details, instants, labelled
from alert_ingestion.formats.pagerduty import body
from alert_ingestion.formats.pagerduty.answers import (
    Accepted,
    fault,
    missing,
)
from alert_ingestion.formats.reading import Envelope, Reading, Taken
from alert_ingestion.model import Ending, FollowUp, FollowUpKind, Policy, ReceivedAlert, Said
from shared.errors import FieldError, Invalid

_LONGEST_DEDUP_KEY: Final = 255
_ACTIONS: Final = ("trigger", "acknowledge", "resolve")
_SEVERITIES: Final = ("critical", "warning", "error", "info")


def read(
    envelope: Envelope, items: Sequence[Any], _first: int, now: datetime, policy: Policy
) -> Reading:
    """An event of an alert.

    Raises:
        Invalid: PagerDuty would refuse it, too.
    """
    [event] = items
    identity = envelope.beside["dedup_key"]
    if faults := list(_faults(event, identity)):
        raise Invalid(faults)
    said: Said
    match event["event_action"]:
        case "trigger":
            said = _triggered(event, event["payload"], identity, now, policy)
        case "acknowledge":
            author = details.text(event.get("client"))
            said = FollowUp(identity, FollowUpKind.ACKNOWLEDGED, author=author)
        case _:
            said = Ending(identity)
    return Reading((said,))


def _faults(event: Mapping[str, Any], identity: Any) -> Iterator[FieldError]:
    action = event.get("event_action")
    if action not in _ACTIONS:
        allowed = "'trigger', 'acknowledge' or 'resolve'"
        yield fault("event_action", action, allowed)
        return
    if not isinstance(identity, str) or not identity:
        yield missing("dedup_key")
    elif len(identity) > _LONGEST_DEDUP_KEY:
        yield FieldError(
            "dedup_key",
            f"'dedup_key' is too long (maximum is {_LONGEST_DEDUP_KEY} characters)",
        )
    if action != "trigger":
        return
    payload = event.get("payload")
    if not isinstance(payload, dict):
        yield missing("payload")
        return
    for name in ("summary", "source"):
        if not details.text(payload.get(name)).strip():
            yield missing(f"payload.{name}")
    severity = payload.get("severity")
    if severity not in _SEVERITIES:
        yield fault("payload.severity", severity, "'critical', 'warning', 'error' or 'info'")


def _triggered(
    event: Mapping[str, Any],
    payload: Mapping[str, Any],
    identity: str,
    now: datetime,
    policy: Policy,
) -> ReceivedAlert:
    own = {name: said for name in body.LABELS if (said := details.text(payload.get(name)))}
    free, annotations = details.spread(body.free(payload), taken=own)
    labels = {**free, **own}
    if client := details.text(event.get("client")):
        annotations["client"] = client
    return labelled.received(
        labels,
        annotations,
        policy,
        links=body.links_of(event),
        starts_at=instants.lenient(payload.get("timestamp")) or now,
        # The time of the event, which is another one at each trigger of the same trouble.
        starts_at_given=False,
        resolved=False,
        ends_at=None,
        own_fingerprint=identity,
        message=details.text(payload["summary"]),
        service_else=own.get("component") or policy.sender or own["source"],
    )


def _reply(taken: Taken) -> Accepted:
    return Accepted(dedup_key=taken.envelope.beside["dedup_key"])


def _is_event(value: Any) -> bool:
    return isinstance(value, dict) and "event_action" in value and "payload" in value


FORMAT: Final = body.in_pagerdutys_way(
    name="pagerduty",
    paths=("/v2/enqueue",),
    operation_id="pagerduty_event",
    summary="PagerDutyEvent",
    description="Take an event of PagerDuty's Events API v2: trigger, acknowledge or resolve.",
    read=read,
    reply=_reply,
    schema={
        "type": "object",
        "required": ["event_action"],
        "properties": {
            "routing_key": {"type": "string", "description": "The key of an integration."},
            "event_action": {"type": "string", "enum": list(_ACTIONS)},
            "dedup_key": {"type": "string", "maxLength": _LONGEST_DEDUP_KEY},
            "payload": {
                "type": "object",
                "required": ["summary", "source", "severity"],
                "properties": {
                    "summary": {"type": "string"},
                    "source": {"type": "string"},
                    "severity": {"type": "string", "enum": list(_SEVERITIES)},
                    "timestamp": {"type": "string"},
                    "component": {"type": "string"},
                    "group": {"type": "string"},
                    "class": {"type": "string"},
                    "custom_details": {"type": "object"},
                },
            },
            "client": {"type": "string"},
            "client_url": {"type": "string"},
            "links": body.LINKS,
            "images": {"type": "array", "items": {"type": "object"}},
        },
    },
    body_description="An event; its `dedup_key` is the identity of the alert.",
    example={
        "routing_key": "the key of the integration",
        "event_action": "trigger",
        "dedup_key": "checkout/error-rate",
        "payload": {
            "summary": "Error rate above 5 %",
            "source": "checkout-3.example.com",
            "severity": "critical",
            "component": "checkout",
            "custom_details": {"region": "eu-west-1"},
        },
        "links": [{"href": "https://grafana.example.com/d/1", "text": "Dashboard"}],
    },
    answer=Accepted,
    recognises=_is_event,
    called="an event of PagerDuty",
)
