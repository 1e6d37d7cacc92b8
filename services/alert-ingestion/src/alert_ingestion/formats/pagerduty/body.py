"""What events and change events have in common: the key in the body, links, free fields."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import uuid4

import msgspec

from alert_ingestion.formats import details
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.pagerduty.answers import Refused, refusal
from alert_ingestion.formats.reading import Envelope, decode_object
from alert_ingestion.model import Sent

LARGEST: Final = 512 * 1024
"""Bytes of an event; PagerDuty takes no more."""

LABELS: Final = ("source", "component", "group", "class", "severity")
"""Fields of a payload that are labels of the alert."""

_MASKED: Final = b"masked"


class _Head(msgspec.Struct):
    """What of an event is read before its sender is known."""

    routing_key: Any = None
    dedup_key: Any = None
    event_action: Any = None


def key_of(body: bytes) -> str | None:
    """The integration key of an event; None where there is none to be found."""
    key = _head(body).routing_key
    return key.strip() or None if isinstance(key, str) else None


def kept(sent: Sent) -> Sent:
    """An event without its key, and with the identity that it gets when it has none."""
    head = _head(sent.body)
    body, path = sent.body, dict(sent.path)
    if isinstance(head.routing_key, str) and head.routing_key:
        # Keys are stored as hashes; the inbox is no exception.
        body = body.replace(head.routing_key.encode(), _MASKED)
    if head.event_action == "trigger" and not head.dedup_key:
        path["dedup_key"] = uuid4().hex
    return replace(sent, body=body, path=path)


def _head(body: bytes) -> _Head:
    try:
        return msgspec.json.decode(body, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Head()


def take_apart(sent: Sent) -> Envelope:
    """The one event of a body."""
    event = decode_object(sent.body, otherwise="An event of PagerDuty is a JSON object.")
    identity = event.get("dedup_key") or sent.path.get("dedup_key", "")
    return Envelope([event], beside={"dedup_key": identity}, is_list=False)


_READ: Final = frozenset({"summary", "timestamp", "custom_details", *LABELS})


def free(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Custom details, and the fields that PagerDuty does not know."""
    custom = payload.get("custom_details")
    unknown = {name: value for name, value in payload.items() if name not in _READ}
    return {**unknown, **(custom if isinstance(custom, dict) else {"custom_details": custom})}


def links_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Its links and images, by what they are called."""
    links: dict[str, Any] = {}
    details.web_link(links, "client", event.get("client_url"))
    for link in _objects(event.get("links")):
        details.web_link(links, details.text(link.get("text")) or "link", link.get("href"))
    for image in _objects(event.get("images")):
        name = details.text(image.get("alt")) or "image"
        details.web_link(links, name, image.get("src"))
        details.web_link(links, name, image.get("href"))
    return links


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


LINKS: Final[Mapping[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"href": {"type": "string"}, "text": {"type": "string"}},
    },
}
"""The schema of links."""

in_pagerdutys_way: Final = partial(
    Format,
    open=take_apart,
    key=key_of,
    kept=kept,
    status_code=202,
    largest_body=LARGEST,
    refusal=refusal,
    refused=Refused,
)
"""Makes a format with the key in its body, and with PagerDuty's refusals."""
