"""What a body says, by a mapping."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from alert_ingestion import fingerprint
from alert_ingestion.formats import details, instants, labelled
from alert_ingestion.formats.mapping.compiled import Compiled, NotMapped, compiled, found
from alert_ingestion.formats.mapping.document import ALL
from alert_ingestion.formats.reading import Reading, storable
from alert_ingestion.model import Nothing, Policy, Said
from shared.errors import FieldError

MOST_ITEMS: Final = 500
"""Alerts of one body."""

BODY: Final = "_body"
"""The member by which an item reaches the body that it comes in."""


def read(body: Any, now: datetime, policy: Policy, only: Collection[int] | None = None) -> Reading:
    """What the mapping of a policy finds in a body; what it cannot read is named by field.

    ``only``: nothing but the alerts with these indices, among those that the mapping finds.
    """
    said: list[Said] = []
    errors: list[FieldError] = []
    try:
        mapping = compiled(policy.mapping)
        body = _decoded(body, mapping)
        items, is_list = _items(body, mapping)
    except NotMapped as failed:
        return Reading((), (FieldError(failed.field, str(failed)),), failed=None)
    bad: list[int] = []
    for index, item in enumerate(items):
        if only is not None and index not in only:
            continue
        try:
            said.append(_said(item, mapping, now, policy))
        except NotMapped as failed:
            field = f"{index}.{failed.field}" if is_list else failed.field
            errors.append(FieldError(field, str(failed)))
            bad.append(index)
    return Reading(tuple(said), tuple(errors), tuple(bad))


def _decoded(body: Any, mapping: Compiled) -> Any:
    """A body in which the texts that are JSON themselves are what they say."""
    for path in mapping.decode:
        body = _decoded_at(body, path)
    return body


def _decoded_at(value: Any, path: Sequence[str]) -> Any:
    if not path:
        return _json_of(value)
    if not isinstance(value, dict) or path[0] not in value:
        return value
    return {**value, path[0]: _decoded_at(value[path[0]], path[1:])}


def _json_of(value: Any) -> Any:
    """What a text says as JSON; itself where it is none."""
    if not isinstance(value, str):
        return value
    try:
        return storable(msgspec.json.decode(value))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return value


def _items(body: Any, mapping: Compiled) -> tuple[Sequence[Any], bool]:
    """The alerts of a body, and whether they are a list in it."""
    if "items" not in mapping.single:
        return (_few(body), True) if isinstance(body, list) else ([body], False)
    items = mapping.ask("items", body)
    if not isinstance(items, list):
        raise NotMapped("items", f"must be an array, and is {_kind(items)}")
    items = _few(items)
    return [{**item, BODY: body} if isinstance(item, dict) else item for item in items], True


def _few(items: list[Any]) -> list[Any]:
    if len(items) > MOST_ITEMS:
        raise NotMapped("items", f"are {len(items)} alerts; a body may hold {MOST_ITEMS}")
    return items


def _said(item: Any, mapping: Compiled, now: datetime, policy: Policy) -> Said:
    if mapping.ask("ignore", item):
        return Nothing("The mapping takes it for no alert.")
    message = _text(mapping, "message", item) or mapping.defaults.message
    if not message:
        raise NotMapped("message", "says nothing")
    labels = _named(mapping, "labels", item)
    annotations = _named(mapping, "annotations", item)
    rest = _rest(item) if mapping.keep_rest else {}
    service = (
        _text(mapping, "service", item)
        or mapping.defaults.service
        or labelled.service_of(labels, policy, otherwise=policy.sender)
    )
    word = _text(mapping, "severity", item) or mapping.defaults.severity
    identity = _text(mapping, "fingerprint", item)
    is_resolved = bool(mapping.ask("resolved", item))
    starts_at = instants.of_any(mapping.ask("starts_at", item))
    ends_at = instants.of_any(mapping.ask("ends_at", item))
    return labelled.received(
        labels,
        {**rest, **annotations},
        # What the mapping finds goes before the labels that can name a service.
        replace(policy, service_labels=(), severities={**mapping.severities, **policy.severities}),
        links=_named(mapping, "links", item),
        starts_at=starts_at or now,
        starts_at_given=starts_at is not None,
        resolved=is_resolved,
        ends_at=(ends_at or now) if is_resolved else None,
        own_fingerprint=(
            details.identity(identity)
            if identity
            else fingerprint.of_content(service, message, labels)
        ),
        group=_text(mapping, "group", item) or mapping.defaults.group,
        message=message,
        service_else=service,
        graded={"severity": word} if word else {},
    )


def _text(mapping: Compiled, field: str, item: Any) -> str:
    """What an expression finds, as text; a number is one.

    Raises:
        NotMapped: it finds something else.
    """
    value = mapping.ask(field, item)
    if isinstance(value, dict | list | bool):
        raise NotMapped(field, f"must be a text or a number, and is {_kind(value)}")
    return details.text(value).strip()


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            return "a text"
        case _:
            return "a number"


def _named(mapping: Compiled, field: str, item: Any) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, expression in mapping.named[field].items():
        value = found(f"{field}.{name}", expression, item)
        if name != ALL:
            values[name] = details.text(value)
        elif isinstance(value, dict):
            values |= {member: details.text(part) for member, part in value.items()}
    return {name: value for name, value in values.items() if value and name}


def _rest(item: Any) -> Mapping[str, str]:
    """The members of an item as annotations: nothing that a sender says is lost."""
    if not isinstance(item, dict):
        return {}
    members = {name: value for name, value in item.items() if name != BODY}
    labels, annotations = details.spread(members)
    return {**annotations, **labels}
