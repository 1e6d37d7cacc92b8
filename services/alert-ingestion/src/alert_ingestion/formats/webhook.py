"""Webhook v4 of Alertmanager and of Grafana's alerting, inbound."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alert_ingestion.formats import labelled
from alert_ingestion.formats.labelled import Labels, OptionalInstant
from alert_ingestion.formats.reading import (
    Reading,
    decode,
    field_errors,
    refuse_too_many,
)
from alert_ingestion.model import ReceivedAlert
from shared.contracts.wire import Text
from shared.errors import FieldError, Malformed

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


def read(body: bytes, now: datetime) -> Reading:
    """The alerts of a notification; the bad ones are named by index beside the good ones.

    Raises:
        Malformed: not JSON, or not an object with an array ``alerts``.
        TooLarge: more alerts than one request may hold.
    """
    content = decode(body)
    items = content.get("alerts") if isinstance(content, dict) else None
    if not isinstance(items, list):
        raise Malformed("A webhook is a JSON object whose 'alerts' is an array.")
    refuse_too_many(items)
    alerts: list[ReceivedAlert] = []
    errors: list[FieldError] = []
    for index, item in enumerate(items):
        try:
            alerts.append(_received(item, content, now))
        except ValidationError as error:
            errors.extend(field_errors(error, "alerts", index))
        except ValueError as error:
            errors.append(FieldError(f"alerts.{index}", str(error)))
    return Reading(tuple(alerts), tuple(errors), truncated=_left_out(content))


def _left_out(envelope: dict[str, Any]) -> int:
    count = envelope.get("truncatedAlerts")
    # A number nobody can mean must not cost the alerts beside it.
    return count if isinstance(count, int) and 0 < count <= _MOST_LEFT_OUT else 0


def _received(item: Any, envelope: dict[str, Any], now: datetime) -> ReceivedAlert:
    if not isinstance(item, dict):
        raise ValueError("must be an object")  # noqa: TRY004 - reported like a bad value
    alert = WebhookAlert.model_validate({"status": envelope.get("status"), **item})
    labels = labelled.without_empty(alert.labels)
    if not labels and not alert.fingerprint:
        raise ValueError("needs labels or a fingerprint: it has no identity")
    is_resolved = alert.status == "resolved"
    return labelled.received(
        labels,
        alert.annotations,
        links={
            **{name: item.get(field) for name, field in _LINK_FIELDS.items()},
            "sender": envelope.get("externalURL"),
        },
        starts_at=alert.starts_at or now,
        starts_at_given=alert.starts_at is not None,
        resolved=is_resolved,
        # A notification repeats after hours, if at all: its silence means nothing, so only the
        # sender's word ends a firing alert.
        ends_at=(alert.ends_at or now) if is_resolved else None,
        own_fingerprint=alert.fingerprint,
    )
