"""Vigie's own format: POST /api/v1/alerts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from alert_ingestion import fingerprint
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.reading import (
    Envelope,
    Reading,
    Taken,
    decode,
    field_errors,
    refuse_too_many,
    size_error,
)
from alert_ingestion.model import (
    Action,
    AlertStatus,
    Policy,
    Reason,
    Receipt,
    ReceivedAlert,
    Sent,
)
from shared.app import MAX_BODY_BYTES
from shared.contracts.wire import Instant, Severity, Text
from shared.errors import FieldError, Invalid, Malformed

MOST_NATIVE_ALERTS: Final = 500


def _short(longest: int) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


def _storable_text(value: str) -> str:
    return _TEXT.validate_python(value)


_TEXT: Final[TypeAdapter[str]] = TypeAdapter(Text)


class NativeAlert(BaseModel):
    """An alert in Vigie's own format.

    An unknown field is ignored, not refused: an alert with one field too many is still an alert.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: Annotated[str, _short(200), AfterValidator(_storable_text)] = Field(
        description="What is affected; decides the team that is paged."
    )
    severity: Severity = Field(description="How bad it is.")
    message: Annotated[str, _short(4000), AfterValidator(_storable_text)] = Field(
        description="One sentence for whoever is woken up."
    )
    labels: dict[Text, Text] = Field({}, description="Part of the identity without a dedup_key.")
    annotations: dict[Text, Text] = Field({}, description="Context; never part of the identity.")
    timestamp: Instant | None = Field(
        None, description="When the problem began, with a zone. Default: the time of receipt."
    )
    dedup_key: Annotated[str, _short(255), AfterValidator(_storable_text)] | None = Field(
        None, description="The identity of the problem; an open alert with it is not opened twice."
    )
    status: Literal["firing", "resolved"] = Field(
        "firing", description="'resolved' closes the open alert of the same identity."
    )

    @model_validator(mode="after")
    def _can_be_handed_on(self) -> "NativeAlert":
        if sentence := size_error(self.labels, self.annotations):
            raise ValueError(sentence)
        return self


class Reply(BaseModel):
    """What became of an alert.

    ``status`` is the alert's. ``reason`` says why: of a ``duplicate_suppressed`` for example
    ``still_firing`` or ``resolved_by_hand``. The ids are null when a resolve found nothing open,
    ``incident_id`` also while the alert is ``held`` (``silenced``, ``inhibited``).
    """

    alert_id: UUID | None
    incident_id: UUID | None
    status: AlertStatus
    action: Action
    reason: Reason


class Replies(BaseModel):
    """One reply an alert, in the order of the request."""

    results: list[Reply]


def take_apart(sent: Sent) -> Envelope:
    """The alerts of a body: one object, or an array of up to 500."""
    content = decode(sent.body)
    if isinstance(content, dict):
        return Envelope([content], is_list=False)
    if not isinstance(content, list):
        raise Malformed("Send one alert as a JSON object, or several as an array of objects.")
    refuse_too_many(content, MOST_NATIVE_ALERTS)
    if not content:
        raise Malformed("The array holds no alert.")
    return Envelope(content)


def read(
    envelope: Envelope, items: Sequence[Any], first: int, now: datetime, _policy: Policy
) -> Reading:
    """The alerts of a body; all of it is good, or none.

    Raises:
        Invalid: what is wrong, field by field.
    """
    if not envelope.is_list:
        return Reading((_received(items[0], now),))
    alerts: list[ReceivedAlert] = []
    errors: list[FieldError] = []
    for index, item in enumerate(items, first):
        try:
            alerts.append(_received(item, now, index))
        except Invalid as problem:
            errors.extend(problem.errors)
    if errors:
        raise _invalid(errors)
    return Reading(tuple(alerts))


def _received(item: Any, now: datetime, *prefix: int) -> ReceivedAlert:
    try:
        alert = NativeAlert.model_validate(item)
    except ValidationError as error:
        raise _invalid(field_errors(error, *prefix)) from error
    return ReceivedAlert(
        fingerprint=alert.dedup_key
        or fingerprint.of_content(alert.service, alert.message, alert.labels),
        service=alert.service,
        severity=alert.severity,
        message=alert.message,
        starts_at=alert.timestamp or now,
        starts_at_given=alert.timestamp is not None,
        resolved=alert.status == "resolved",
        labels=alert.labels,
        annotations=alert.annotations,
    )


def _invalid(errors: list[FieldError]) -> Invalid:
    problem = Invalid(errors)
    if any(error.field.rpartition(".")[2] == "severity" for error in errors):
        problem.extra["allowed"] = [severity.value for severity in Severity]
    return problem


def replies(receipts: Sequence[Receipt]) -> list[Reply]:
    """What became of each alert."""
    names = Reply.model_fields
    return [Reply(**{name: getattr(receipt, name) for name in names}) for receipt in receipts]


def _reply(taken: Taken) -> Reply | Replies:
    results = replies(taken.receipts)
    return Replies(results=results) if taken.envelope.is_list else results[0]


def _is_native(value: Any) -> bool:
    one = value[0] if isinstance(value, list) and value else value
    return isinstance(one, dict) and {"service", "severity", "message"} <= one.keys()


_ALERT: Final = {
    name: part
    for name, part in NativeAlert.model_json_schema(
        ref_template="#/components/schemas/{model}"
    ).items()
    if name != "$defs"
}

FORMAT: Final = Format(
    name="native",
    paths=("/api/v1/alerts",),
    operation_id="send_alerts",
    summary="SendAlerts",
    description="Send alerts in Vigie's own format; answered when they are stored.",
    open=take_apart,
    read=read,
    reply=_reply,
    schema={
        "oneOf": [
            _ALERT,
            {"type": "array", "items": _ALERT, "minItems": 1, "maxItems": MOST_NATIVE_ALERTS},
        ]
    },
    body_description="One alert, or an array of up to 500; of an array all are taken, or none.",
    example={
        "service": "checkout",
        "severity": "critical",
        "message": "Error rate above 5 %",
        "labels": {"region": "eu-west-1"},
        "dedup_key": "checkout-error-rate",
    },
    answer=Reply | Replies,
    answer_description="Stored; an array gets `results` of what one alert gets.",
    status_code=201,
    strict=True,
    largest_body=MAX_BODY_BYTES,
    recognises=_is_native,
    called="an alert in Vigie's own format",
)
