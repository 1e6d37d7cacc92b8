"""Webhook v4 of Alertmanager and of Grafana's alerting, inbound."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from alert_ingestion.formats import labelled
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.labelled import Labels, OptionalInstant
from alert_ingestion.formats.reading import (
    Envelope,
    Reading,
    Taken,
    decode_into,
    decode_item,
    read_each,
    refuse_too_many,
    storable,
)
from alert_ingestion.model import Policy, ReceivedAlert, Sent
from shared.contracts.wire import Text

_LONGEST_FINGERPRINT: Final = 255

# The sender's counter is an unsigned 64-bit number (Alertmanager, notify/webhook).
_MOST_LEFT_OUT: Final = 2**64 - 1

# Grafana names these in each alert; Alertmanager has only the first.
_LINK_FIELDS: Final = {
    "source": "generatorURL",
    "silence": "silenceURL",
    "dashboard": "dashboardURL",
    "panel": "panelURL",
    "image": "imageURL",
}


class WebhookAlert(BaseModel):
    """One alert of a webhook; fields beyond these are kept only in the raw inbox."""

    model_config = ConfigDict(frozen=True, extra="allow")

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels = {}
    starts_at: OptionalInstant = Field(None, alias="startsAt")
    ends_at: OptionalInstant = Field(None, alias="endsAt")
    fingerprint: Text = Field("", max_length=_LONGEST_FINGERPRINT)


class Answer(BaseModel):
    """``received`` alerts are stored; the sender says it left out ``truncated`` more."""

    received: int
    truncated: int


class _Notification(
    msgspec.Struct,
    rename={"group_key": "groupKey", "external_url": "externalURL", "left_out": "truncatedAlerts"},
):
    """What is said beside the alerts; what makes no sense there must not cost the alerts."""

    alerts: list[msgspec.Raw]
    status: Any = None
    group_key: Any = None
    external_url: Any = None
    left_out: Any = None


def take_apart(sent: Sent) -> Envelope:
    """The alerts of a notification, one by one, and what is said beside them."""
    said: _Notification = decode_into(
        sent.body, _Notification, otherwise="A webhook is a JSON object whose 'alerts' is an array."
    )
    refuse_too_many(said.alerts)
    return Envelope(
        said.alerts,
        beside={
            "status": said.status,
            "group": _group(said.group_key),
            "externalURL": said.external_url,
        },
        truncated=_left_out(said.left_out),
    )


def _group(key: Any) -> str | None:
    return storable(key) if isinstance(key, str) and key else None


def _left_out(count: Any) -> int:
    return count if isinstance(count, int) and 0 < count <= _MOST_LEFT_OUT else 0


def read(
    envelope: Envelope, items: Sequence[Any], first: int, now: datetime, policy: Policy
) -> Reading:
    """Some alerts of a notification; the bad ones are named by index beside the good ones."""
    return read_each(
        items,
        first,
        lambda item: _received(decode_item(item), envelope.beside, now, policy),
        "alerts",
    )


def _received(item: Any, beside: Mapping[str, Any], now: datetime, policy: Policy) -> ReceivedAlert:
    if not isinstance(item, dict):
        raise ValueError("must be an object")  # noqa: TRY004 - reported like a bad value
    alert = WebhookAlert.model_validate({"status": beside["status"], **item})
    labels = labelled.without_empty(alert.labels)
    if not labels and not alert.fingerprint:
        raise ValueError("needs labels or a fingerprint: it has no identity")
    is_resolved = alert.status == "resolved"
    return labelled.received(
        labels,
        alert.annotations,
        policy,
        links={
            **{name: item.get(field) for name, field in _LINK_FIELDS.items()},
            "sender": beside["externalURL"],
        },
        starts_at=alert.starts_at or now,
        starts_at_given=alert.starts_at is not None,
        resolved=is_resolved,
        # A notification repeats after hours, if at all: its silence means nothing, so only the
        # sender's word ends a firing alert.
        ends_at=(alert.ends_at or now) if is_resolved else None,
        own_fingerprint=alert.fingerprint,
        group=beside["group"],
    )


def _reply(taken: Taken) -> Answer:
    return Answer(received=len(taken.receipts), truncated=taken.envelope.truncated)


def _is_notification(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("alerts"), list)


def _is_grafanas(value: Any) -> bool:
    return _is_notification(value) and "orgId" in value


def _format(
    name: str,
    *,
    sender: str,
    operation_id: str,
    recognises: Callable[[Any], bool],
    called: str,
    **beside: Any,
) -> Format:
    return Format(
        name=f"{name}-webhook",
        paths=(f"/api/v1/webhooks/{name}",),
        operation_id=operation_id,
        summary=f"{name.capitalize()}Webhook",
        description=f"Take a notification of {sender}.",
        open=take_apart,
        read=read,
        reply=_reply,
        schema={
            "type": "object",
            "required": ["alerts"],
            "properties": {
                "version": {"type": "string"},
                "groupKey": {"type": "string"},
                "status": {"type": "string", "enum": ["firing", "resolved"]},
                "externalURL": {"type": "string"},
                "truncatedAlerts": {"type": "integer"},
                "alerts": {
                    "type": "array",
                    "items": WebhookAlert.model_json_schema(by_alias=True),
                },
            },
        },
        body_description=(
            "A notification of webhook version 4; unknown fields are kept in the raw inbox."
        ),
        example={
            "version": "4",
            "groupKey": '{}:{alertname="HighErrorRate"}',
            "status": "firing",
            "externalURL": "http://alertmanager:9093",
            "truncatedAlerts": 0,
            **beside,
            "alerts": [
                {
                    "status": "firing",
                    "labels": {"alertname": "HighErrorRate", "service": "checkout"},
                    "annotations": {"summary": "Error rate above 5 %"},
                    "startsAt": "2026-03-02T09:00:00Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "fingerprint": "c3f27f36bbd4a1d5",
                }
            ],
        },
        answer=Answer,
        # Only what is a server's fault is sent again (notify/webhook of Alertmanager).
        repeats_too_many=False,
        recognises=recognises,
        called=called,
    )


ALERTMANAGER: Final = _format(
    "alertmanager",
    sender="Alertmanager's webhook receiver",
    operation_id="alertmanager_webhook",
    recognises=lambda value: _is_notification(value) and not _is_grafanas(value),
    called="a webhook of Alertmanager",
)
GRAFANA: Final = _format(
    "grafana",
    sender="Grafana's webhook contact point",
    operation_id="grafana_webhook",
    recognises=_is_grafanas,
    called="a Grafana webhook",
    orgId=1,
    title="[FIRING:1] HighErrorRate",
)
