"""PagerDuty's change events: POST /v2/change/enqueue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from alert_ingestion.formats import bounds, details, instants, labelled
from alert_ingestion.formats.pagerduty import body
from alert_ingestion.formats.pagerduty.answers import ChangeAccepted, missing
from alert_ingestion.formats.reading import Envelope, Reading, Taken
from alert_ingestion.model import Change, Policy
from shared.errors import Invalid

_LONGEST_SUMMARY: Final = 4_000


def read(
    _envelope: Envelope, items: Sequence[Any], _first: int, now: datetime, policy: Policy
) -> Reading:
    """A change of a service.

    Raises:
        Invalid: PagerDuty would refuse it, too.
    """
    [event] = items
    payload = event.get("payload")
    if not isinstance(payload, dict):
        raise Invalid([missing("payload")])
    summary = details.text(payload.get("summary")).strip()
    if not summary:
        raise Invalid([missing("payload.summary")])
    source = details.text(payload.get("source"))
    labels, annotations = details.spread({**body.free(payload), "source": source})
    kept_details, _ = bounds.texts({**annotations, **labels})
    kept_links, _ = bounds.links(labelled.links_of(body.links_of(event), {}))
    service = labelled.service_of(labels, policy, otherwise=policy.sender or source)
    return Reading(
        (
            Change(
                service=service,
                summary=bounds.cut(summary, _LONGEST_SUMMARY),
                at=instants.lenient(payload.get("timestamp")) or now,
                details=kept_details,
                links=kept_links,
            ),
        )
    )


def _reply(_taken: Taken) -> ChangeAccepted:
    return ChangeAccepted()


def _is_change(value: Any) -> bool:
    if not isinstance(value, dict) or "event_action" in value:
        return False
    payload = value.get("payload")
    return isinstance(payload, dict) and "summary" in payload


FORMAT: Final = body.in_pagerdutys_way(
    name="pagerduty-change",
    paths=("/v2/change/enqueue",),
    operation_id="pagerduty_change",
    summary="PagerDutyChange",
    description="Take a change event of PagerDuty: context on the timeline of its service.",
    read=read,
    reply=_reply,
    schema={
        "type": "object",
        "required": ["payload"],
        "properties": {
            "routing_key": {"type": "string", "description": "The key of an integration."},
            "payload": {
                "type": "object",
                "required": ["summary"],
                "properties": {
                    "summary": {"type": "string"},
                    "timestamp": {"type": "string"},
                    "source": {"type": "string"},
                    "custom_details": {"type": "object"},
                },
            },
            "links": body.LINKS,
        },
    },
    body_description="A change of a service, such as a deployment.",
    example={
        "routing_key": "the key of the integration",
        "payload": {
            "summary": "Deployed version 2.4",
            "timestamp": "2026-03-02T08:55:00Z",
            "source": "github",
            "custom_details": {"service": "checkout", "commit": "4f1c0de"},
        },
        "links": [{"href": "https://github.example.com/checkout/4f1c0de", "text": "Commit"}],
    },
    answer=ChangeAccepted,
    recognises=_is_change,
    called="a change event of PagerDuty",
)
