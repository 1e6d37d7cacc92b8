"""Alertmanager's API v2, inbound: what Prometheus itself sends to POST /api/v2/alerts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

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
)
from alert_ingestion.model import Policy, ReceivedAlert, Sent
from shared.contracts.wire import Text

PREFIXES: Final = ("", "/alertmanager")
"""Prometheus' ``path_prefix`` and amtool's --alertmanager.url go before /api/v2."""


class PostableAlert(BaseModel):
    """One alert of the array; identity is its label set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    labels: Labels
    annotations: Labels = {}
    starts_at: OptionalInstant = Field(None, alias="startsAt")
    ends_at: OptionalInstant = Field(None, alias="endsAt")
    generator_url: Text = Field("", alias="generatorURL")


def take_apart(sent: Sent) -> Envelope:
    """The alerts of a body, one by one."""
    items = decode_into(
        sent.body,
        list[msgspec.Raw],
        otherwise="Alertmanager's API v2 takes a JSON array of alerts.",
    )
    refuse_too_many(items)
    return Envelope(items)


def read(
    _envelope: Envelope, items: Sequence[Any], first: int, now: datetime, policy: Policy
) -> Reading:
    """Some alerts of a body; the bad ones are named by index beside the good ones."""
    return read_each(
        items,
        first,
        lambda item: _received(PostableAlert.model_validate(decode_item(item)), now, policy),
    )


def _received(alert: PostableAlert, now: datetime, policy: Policy) -> ReceivedAlert:
    labels = labelled.without_empty(alert.labels)
    if not labels:
        raise ValueError("at least one label with a value is needed")
    if "" in labels or "" in alert.annotations:
        raise ValueError("the name of a label or annotation must not be empty")
    # api/v2/api.go, postAlertsHandler: the order in which absent times are filled in.
    starts_at = alert.starts_at or alert.ends_at or now
    ends_at = alert.ends_at or now + timedelta(seconds=policy.resolve_timeout_seconds)
    if ends_at < starts_at:
        raise ValueError("endsAt must not lie before startsAt")
    return labelled.received(
        labels,
        alert.annotations,
        policy,
        links={"source": alert.generator_url},
        starts_at=starts_at,
        starts_at_given=alert.starts_at is not None,
        resolved=ends_at <= now,
        ends_at=ends_at,
        ends_at_is_timeout=alert.ends_at is None,
    )


def _reply(_taken: Taken) -> bytes:
    # No bytes instead of None, which would be rendered as JSON: Alertmanager's answer is empty.
    return b""


def _is_list_of_alerts(value: Any) -> bool:
    one = value[0] if isinstance(value, list) and value else None
    return isinstance(one, dict) and "labels" in one and "message" not in one


FORMAT: Final = Format(
    name="alertmanager",
    paths=tuple(f"{prefix}/api/v2/alerts" for prefix in PREFIXES),
    operation_id="post_alerts",
    summary="PostAlerts",
    description=(
        "Take alerts as Alertmanager does; good ones are stored also when others are refused (400)."
    ),
    open=take_apart,
    read=read,
    reply=_reply,
    schema={"type": "array", "items": PostableAlert.model_json_schema(by_alias=True)},
    body_description="Alerts as Prometheus sends them.",
    example=[
        {
            "labels": {"alertname": "HighErrorRate", "service": "checkout", "severity": "page"},
            "annotations": {"summary": "Error rate above 5 %"},
            "startsAt": "2026-03-02T09:00:00Z",
            "generatorURL": "http://prometheus:9090/graph",
        }
    ],
    answer_description="Stored; the answer is empty.",
    repeats_too_many=False,
    recognises=_is_list_of_alerts,
    called="a list of alerts as Prometheus sends them",
)
