"""A mapping as people write it, and as it is kept."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from alert_ingestion.formats.mapping import expressions
from alert_ingestion.formats.mapping.ready import ready
from shared.contracts.wire import Command, Line, Severity, Text

ALL: Final = "*"
"""Instead of a name: each member of the object that the expression finds."""

_MOST_NAMES: Final = 50


def _is_expression(text: str) -> str:
    expressions.parsed(text)
    return text


def _is_ready(name: str) -> str:
    if name not in ready():
        raise ValueError(f"there is no ready mapping '{name}'; there are: {', '.join(ready())}")
    return name


Expression = Annotated[
    Text,
    StringConstraints(min_length=1, max_length=expressions.LONGEST),
    AfterValidator(_is_expression),
]
Name = Annotated[Line, StringConstraints(max_length=100)]
Named = Annotated[dict[Name, Expression], Field(max_length=_MOST_NAMES)]
Path = Annotated[str, StringConstraints(pattern=r"^\w+(\.\w+)*$", max_length=200)]
Value = Annotated[Text, StringConstraints(min_length=1, max_length=1_000)]


class Defaults(Command):
    """What holds where an expression finds nothing."""

    service: Value | None = None
    severity: Severity | None = None
    message: Value | None = None
    group: Value | None = None


class MappingDocument(Command):
    """Which part of a body is which field of an alert: a JMESPath expression a field.

    Expressions are asked of each item. With ``items``, an item has the whole body as ``_body``.
    """

    ready: Annotated[str, AfterValidator(_is_ready)] | None = Field(
        None, description="a ready mapping to start from; what is said beside it replaces its part"
    )
    decode: Annotated[list[Path], Field(max_length=10)] | None = Field(
        None, description="where texts stand that are JSON themselves, as dotted paths"
    )
    items: Expression | None = Field(
        None, description="the list of alerts in a body; without it a body is one, or an array"
    )
    ignore: Expression | None = Field(None, description="true of what is about no alert")
    message: Expression | None = None
    service: Expression | None = None
    severity: Expression | None = None
    severities: Annotated[dict[Name, Severity], Field(max_length=100)] | None = Field(
        None, description="the sender's own words for severities"
    )
    fingerprint: Expression | None = Field(
        None, description="the identity; without it: service, message and labels"
    )
    group: Expression | None = Field(None, description="alerts of one group are one incident")
    resolved: Expression | None = Field(None, description="true of what says that it is over")
    starts_at: Expression | None = Field(None, description="RFC 3339, or seconds since 1970")
    ends_at: Expression | None = None
    labels: Named | None = Field(
        None, description=f"by name; as '{ALL}' each member of the object that is found"
    )
    annotations: Named | None = None
    links: Named | None = None
    defaults: Defaults | None = None
    keep_rest: bool | None = Field(
        None, description="keep the members of an item as annotations (default: true)"
    )

    @model_validator(mode="after")
    def _has_a_message(self) -> "MappingDocument":
        own_default = self.defaults is not None and self.defaults.message is not None
        if self.ready is None and self.message is None and not own_default:
            raise ValueError("says nothing of the message: give 'message', or 'ready'")
        return self


def as_text(document: Mapping[str, Any]) -> str:
    """A document as a policy holds it: the same text for the same mapping."""
    return msgspec.json.encode(document, order="sorted").decode()


def _first_of(*names: str) -> str:
    """The first of these that is a text or a number: senders call other things by such names."""
    shown = "type(@) == 'number' || type(@) == 'string' && @ != ''"
    return f"[{', '.join(names)}][?{shown}] | [0]"


_OVER: Final = (
    *("resolved", "resolve", "ok", "up", "recovered", "recovery", "closed", "close"),
    *("cleared", "inactive", "healthy", "normal"),
)

DEFAULT: Final[Mapping[str, Any]] = {
    "message": _first_of(
        *("title", "summary", "message", "text", "msg", "subject", "description"),
        *("alert_name", "alertname", "name", "alert.title", "alert.message", "alert.name"),
    ),
    "service": _first_of(
        *("service", "service.name", "service_name", "serviceName", "app", "application"),
        *("component", "host", "host.name", "hostname", "monitor", "monitor.name"),
        *("check", "check.name", "resource", "source"),
    ),
    "severity": _first_of("severity", "priority", "level", "urgency", "criticality"),
    "fingerprint": _first_of(
        *("dedup_key", "dedupKey", "fingerprint", "alias", "alert_id", "alertId"),
        *("incident_key", "incident_id", "incidentId"),
    ),
    "resolved": (
        f"contains({[way(word) for word in _OVER for way in (str, str.capitalize, str.upper)]}, "
        f"{_first_of('status', 'state', 'alert_status', 'event_type', 'action')})"
    ),
    "starts_at": _first_of("starts_at", "startsAt", "started_at", "timestamp"),
    "labels": {ALL: "labels || tags"},
    "annotations": {ALL: "annotations"},
    "links": {"source": _first_of("url", "link", "href")},
}
"""What holds where an integration has no mapping: the names that most senders have in common."""
