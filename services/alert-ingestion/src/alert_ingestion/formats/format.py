"""What a format is: everything that is particular to one way of sending alerts, in one value.

A new format is a module of this folder with such a value, and its line in
``alert_ingestion.formats.FORMATS`` (docs/contributing.md shows one in full).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from alert_ingestion.formats.reading import Envelope, Reading
from alert_ingestion.model import Policy, Receipt

LARGEST_BODY: Final = 32 * 1024 * 1024
"""Bytes of a body from senders that neither split nor repeat what was refused."""

Open: TypeAlias = Callable[[bytes], Envelope]
"""Takes a body apart without looking into its alerts.

Raises Malformed when the body is none of this format, TooLarge for more alerts than are taken.
"""

Read: TypeAlias = Callable[[Envelope, Sequence[Any], int, datetime, Policy], Reading]
"""Reads some items of an envelope, the first of which has the given index, received at an instant.

Raises Invalid when the format refuses a body as a whole for one bad alert.
"""

Reply: TypeAlias = Callable[[Envelope, Sequence[Receipt]], Any]
"""The body of the answer once everything is stored: a model, or bytes."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way of sending alerts.

    Attributes:
        name: in logs and in the inbox.
        paths: where it is sent to; the first is the one to document.
        operation_id, summary, description: of the route, in OpenAPI.
        open, read, reply: from a body to alerts, and to the answer.
        schema, example: of a body, in OpenAPI.
        answer: the type of the answer; None for an empty one.
        strict: one bad alert refuses the body, and nothing of it is stored.
    """

    name: str
    paths: tuple[str, ...]
    operation_id: str
    summary: str
    description: str
    open: Open
    read: Read
    reply: Reply
    schema: Mapping[str, Any]
    body_description: str
    example: Any
    answer: Any = None
    answer_description: str = "Stored."
    status_code: int = 200
    strict: bool = False
    largest_body: int = field(default=LARGEST_BODY)
