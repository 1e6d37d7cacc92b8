"""From a request to its events: structured, batched, or binary (an event in headers and body).

The rules are those of CloudEvents' HTTP binding 1.0.2 (section 3) and its JSON format.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from alert_ingestion.formats.reading import (
    Envelope,
    decode_any,
    decode_into,
    refuse_too_many,
    storable,
)
from alert_ingestion.model import Sent
from shared.errors import Unsupported

STRUCTURED: Final = "application/cloudevents+json"
BATCHED: Final = "application/cloudevents-batch+json"
CONTENT_TYPE: Final = "content-type"
PREFIX: Final = "ce-"
HEADERS: Final = (CONTENT_TYPE, f"{PREFIX}*")

_ESCAPED: Final = re.compile(r"\\(.)")


def take_apart(sent: Sent) -> Envelope:
    """The events of a request, as objects of their JSON format, one by one.

    Raises:
        Malformed: a body is not of the type that it is said to be of.
        TooLarge: more events than are taken.
        Unsupported: neither the media type nor a header says that it holds events.
    """
    match _media_type(sent.headers.get(CONTENT_TYPE, "")):
        case said if said == STRUCTURED:
            event = decode_into(sent.body, msgspec.Raw, otherwise="An event is a JSON object.")
            return Envelope([event], is_list=False)
        case said if said == BATCHED:
            events = decode_into(
                sent.body, list[msgspec.Raw], otherwise="A batch is an array of events."
            )
            refuse_too_many(events)
            return Envelope(events)
        case said if f"{PREFIX}specversion" in sent.headers:
            return Envelope([_binary(sent, said)], is_list=False)
        case _:
            raise Unsupported(
                f"Send an event as {STRUCTURED}, several as {BATCHED}, or its attributes in "
                f"headers ({PREFIX}id, {PREFIX}source, {PREFIX}specversion, {PREFIX}type)."
            )


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _binary(sent: Sent, media_type: str) -> msgspec.Raw:
    """The event whose attributes are headers, and whose data are the body."""
    event: dict[str, Any] = {
        name.removeprefix(PREFIX): _header(value)
        for name, value in sent.headers.items()
        if name.startswith(PREFIX)
    }
    if CONTENT_TYPE in sent.headers:
        event["datacontenttype"] = sent.headers[CONTENT_TYPE]
    if sent.body and is_json(media_type):
        event["data"] = decode_any(sent.body)
    elif sent.body:
        event["data_base64"] = base64.b64encode(sent.body).decode()
    return msgspec.Raw(msgspec.json.encode(storable(event)))


def _header(value: str) -> str:
    """The value of an attribute: perhaps quoted, and beyond ASCII with percent signs."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = _ESCAPED.sub(r"\1", value[1:-1])
    return unquote(value)


def is_json(content_type: str) -> bool:
    """Whether data of this type are JSON; they are where nothing is said."""
    kind = _media_type(content_type)
    return not kind or kind.endswith(("/json", "+json"))


def data_of(event: Mapping[str, Any]) -> Any:
    """What an event carries: JSON as it is, bytes as the text that they are, else in Base64.

    Raises:
        ValueError: its bytes are no Base64, or no JSON where they are said to be.
    """
    if "data_base64" not in event:
        return event.get("data")
    try:
        body = base64.b64decode(event["data_base64"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise ValueError("data_base64: must be a text in Base64") from None
    content_type = event.get("datacontenttype")
    if isinstance(content_type, str) and content_type and is_json(content_type):
        return decode_any(body)
    try:
        return storable(body.decode())
    except UnicodeDecodeError:
        return event["data_base64"]
