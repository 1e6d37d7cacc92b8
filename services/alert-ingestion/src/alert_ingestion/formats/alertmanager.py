"""Alertmanager's API v2, inbound: what Prometheus itself sends to POST /api/v2/alerts."""

from datetime import datetime, timedelta

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


class PostableAlert(BaseModel):
    """One alert of the array; identity is its label set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    labels: Labels
    annotations: Labels = {}
    starts_at: OptionalInstant = Field(None, alias="startsAt")
    ends_at: OptionalInstant = Field(None, alias="endsAt")
    generator_url: Text = Field("", alias="generatorURL")


def read(body: bytes, now: datetime, *, resolve_timeout: timedelta) -> Reading:
    """The alerts of a body; the bad ones are named by index beside the good ones.

    Raises:
        Malformed: not JSON, or not an array.
        TooLarge: more alerts than one request may hold.
    """
    content = decode(body)
    if not isinstance(content, list):
        raise Malformed("Alertmanager's API v2 takes a JSON array of alerts.")
    refuse_too_many(content)
    alerts: list[ReceivedAlert] = []
    errors: list[FieldError] = []
    for index, item in enumerate(content):
        try:
            alerts.append(_received(PostableAlert.model_validate(item), now, resolve_timeout))
        except ValidationError as error:
            errors.extend(field_errors(error, index))
        except ValueError as error:
            errors.append(FieldError(str(index), str(error)))
    return Reading(tuple(alerts), tuple(errors))


def _received(alert: PostableAlert, now: datetime, resolve_timeout: timedelta) -> ReceivedAlert:
    labels = labelled.without_empty(alert.labels)
    if not labels:
        raise ValueError("at least one label with a value is needed")
    if "" in labels or "" in alert.annotations:
        raise ValueError("the name of a label or annotation must not be empty")
    # api/v2/api.go, postAlertsHandler: the order in which absent times are filled in.
    starts_at = alert.starts_at or alert.ends_at or now
    ends_at = alert.ends_at or now + resolve_timeout
    if ends_at < starts_at:
        raise ValueError("endsAt must not lie before startsAt")
    return labelled.received(
        labels,
        alert.annotations,
        links={"source": alert.generator_url},
        starts_at=starts_at,
        starts_at_given=alert.starts_at is not None,
        resolved=ends_at <= now,
        ends_at=ends_at,
        ends_at_is_timeout=alert.ends_at is None,
    )
