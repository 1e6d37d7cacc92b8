"""CloudEvents 1.0: POST /api/v1/cloudevents. What an event says of an alert."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from alert_ingestion.formats import details, instants, labelled, native
from alert_ingestion.formats.cloudevents import modes
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.reading import Envelope, Reading, Taken, decode_item, read_each
from alert_ingestion.model import Policy, ReceivedAlert
from shared.contracts.wire import Text
from shared.errors import FieldError, Malformed

_OVER: Final = frozenset(
    {"resolved", "resolve", "recovered", "recovery", "closed", "close", "cleared", "ok", "up"}
    | {"ended", "fixed", "healthy", "inactive"}
)
_BEGUN: Final = frozenset(
    {"firing", "fired", "triggered", "trigger", "opened", "open", "started", "raised", "failed"}
    | {"down", "alert", "active", "updated", "created"}
)

# Of no use to people, or another one with each event: kept in labels they would make each repeat
# tell something new. The inbox holds them.
_PASSING: Final = frozenset(
    {"id", "specversion", "time", "datacontenttype", "data", "data_base64"}
    | {"traceparent", "tracestate", "sequence", "sampledrate", "partitionkey"}
)
_MESSAGE: Final = ("message", "summary", "title", "description")
_SEVERITY: Final = ("severity", "priority", "level")
_STATUS: Final = ("status", "state")
_IDENTITY: Final = ("dedup_key", "dedupkey", "fingerprint")
_READ: Final = frozenset(
    {*_MESSAGE[:3], *_SEVERITY, *_STATUS, *_IDENTITY, "service", "timestamp"}
    | {"labels", "annotations", "links"}
)

_Required = Annotated[Text, StringConstraints(min_length=1)]


class Event(BaseModel):
    """The attributes that an event needs; what else it has are extensions, which are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: _Required
    source: _Required
    specversion: Literal["1.0"]
    type: _Required
    subject: Text | None = None
    time: Text | None = None
    datacontenttype: Text | None = None
    dataschema: Text | None = None
    data: Any = Field(None, description="service, severity, message, status, labels and the like")
    data_base64: Text | None = None


def read(
    envelope: Envelope, items: Sequence[Any], first: int, now: datetime, policy: Policy
) -> Reading:
    """What events say; the bad ones of a batch are named by index beside the good ones."""
    reading = read_each(items, first, lambda item: _received(decode_item(item), now, policy))
    if envelope.is_list:
        return reading
    errors = [FieldError(error.field.removeprefix("0."), error.message) for error in reading.errors]
    return replace(reading, errors=tuple(errors))


def _received(value: Any, now: datetime, policy: Policy) -> ReceivedAlert:
    event = Event.model_validate(value)
    try:
        data = modes.data_of(value)
    except Malformed as problem:
        raise ValueError(f"data_base64: {problem.detail}") from None
    members: Mapping[str, Any] = data if isinstance(data, dict) else {}
    # What an event says of itself goes before what is said in its data.
    said = {**members, **{name: part for name, part in value.items() if name not in _PASSING}}
    labels, annotations = _kept(value, members, data)
    status = _first(said, _STATUS) or _state_of(event.type)
    is_resolved = status.casefold() in _OVER
    at = instants.of_any(members.get("timestamp")) or instants.lenient(event.time)
    identity = _first(said, _IDENTITY) or f"{event.source} {event.subject or _kind(event.type)}"
    severity = _first(said, _SEVERITY)
    return labelled.received(
        labels,
        annotations,
        policy,
        links=_texts(members.get("links")),
        starts_at=at or now,
        starts_at_given=at is not None,
        resolved=is_resolved,
        ends_at=(at or now) if is_resolved else None,
        own_fingerprint=details.identity(identity),
        message=_first(said, _MESSAGE)
        or (data if isinstance(data, str) and data != event.data_base64 else "")
        or f"{event.type}: {event.subject or event.source}",
        service_else=event.source,
        graded={"severity": severity} if severity else None,
    )


def _kept(
    event: Mapping[str, Any], members: Mapping[str, Any], data: Any
) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations: those of the data, extensions, and what nothing else was made of."""
    attributes = {name: part for name, part in event.items() if name not in _PASSING}
    rest = {name: part for name, part in members.items() if name not in _READ}
    labels, annotations = details.spread({**rest, **attributes})
    if service := details.text(event.get("service") or members.get("service")):
        labels["service"] = service
    if data is not None and not members:
        annotations["data"] = details.text(data)
    return (
        {**labels, **_texts(members.get("labels"))},
        {**annotations, **_texts(members.get("annotations"))},
    )


def _texts(value: Any) -> dict[str, str]:
    """The members of an object as texts, without the empty ones."""
    if not isinstance(value, dict):
        return {}
    return {name: said for name, part in value.items() if (said := details.text(part)) and name}


def _first(said: Mapping[str, Any], names: Sequence[str]) -> str:
    """The first of these that is a text or a number."""
    for name in names:
        value = said.get(name)
        if isinstance(value, str | int | float) and (text := details.text(value).strip()):
            return text
    return ""


def _state_of(kind: str) -> str:
    """What the end of a type says, as in ``org.example.alert.resolved``."""
    return kind.rpartition(".")[2]


def _kind(kind: str) -> str:
    """A type without what its end says of the state: what fires and what ends it are one."""
    rest, _, end = kind.rpartition(".")
    return rest if rest and end.casefold() in _OVER | _BEGUN else kind


def _reply(taken: Taken) -> native.Replies:
    return native.Replies(results=native.replies(taken.receipts))


def _is_event(value: Any) -> bool:
    one = value[0] if isinstance(value, list) and value else value
    return isinstance(one, dict) and {"specversion", "source", "type"} <= one.keys()


_DATA: Final = {
    "service": "checkout",
    "severity": "critical",
    "message": "Error rate above 5 %",
    "labels": {"region": "eu-west-1"},
}
_EXAMPLE: Final = {
    "specversion": "1.0",
    "id": "7f3c2b1e",
    "source": "/monitoring/checkout",
    "type": "com.example.alert.firing",
    "subject": "error-rate",
    "time": "2026-03-02T09:00:00Z",
    "datacontenttype": "application/json",
    "data": _DATA,
}
_SCHEMA: Final = Event.model_json_schema()

FORMAT: Final = Format(
    name="cloudevents",
    paths=("/api/v1/cloudevents",),
    operation_id="cloudevents",
    summary="CloudEvents",
    description=(
        "Take events of CloudEvents 1.0: structured, batched, or with their attributes in `ce-` "
        "headers and their data in the body. An alert is what has the same `source` and `subject` "
        "(the extensions `dedupkey` and `fingerprint` win); it is over when `status` or the end of "
        "`type` says so. Of a batch the bad events are named by index (400), the others stored."
    ),
    open=modes.take_apart,
    read=read,
    reply=_reply,
    headers=modes.HEADERS,
    media_types=("*/*",),
    schema={},
    body_description=(
        "An event, or an array of them; as any other media type, the data of an event whose "
        "attributes are headers."
    ),
    example=_DATA,
    other_bodies={
        modes.STRUCTURED: (_SCHEMA, _EXAMPLE),
        modes.BATCHED: ({"type": "array", "items": _SCHEMA}, [_EXAMPLE]),
    },
    answer=native.Replies,
    recognises=_is_event,
    called="a CloudEvent",
)
