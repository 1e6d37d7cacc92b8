"""What a format is: everything that is particular to one way of sending alerts, in one value.

A new format is a module of this folder with such a value, and its line in
``alert_ingestion.formats.FORMATS`` (docs/contributing.md shows one in full).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from alert_ingestion.formats.reading import Envelope, Reading, Taken
from alert_ingestion.model import Policy, Sent
from shared.errors import Problem

LARGEST_BODY: Final = 32 * 1024 * 1024
"""Bytes of a body from senders that neither split nor repeat what was refused."""

Open: TypeAlias = Callable[[Sent], Envelope]
"""Takes a request apart without looking into its alerts.

Raises Malformed when the body is none of this format, TooLarge for more alerts than are taken.
"""

Read: TypeAlias = Callable[[Envelope, Sequence[Any], int, datetime, Policy], Reading]
"""Reads some items of an envelope, the first of which has the given index, received at an instant.

Raises Invalid when the format refuses a body as a whole for one bad alert.
"""

ReadAgain: TypeAlias = Callable[[Envelope, Sequence[int] | None, datetime, Policy], Reading]
"""Reads the items of an envelope with some indices, received at an instant; None: all of them."""

Reply: TypeAlias = Callable[[Taken], Any]
"""The body of the answer once everything is stored: a model, or bytes."""

Refusal: TypeAlias = Callable[[Problem], tuple[int, Mapping[str, Any]]]
"""Status and body of a refusal, in the words that clients of the format read."""

FOUND: Final = "fingerprint"
"""The parameter that holds the identity of the alert which was found by its id."""

RIGHT_ADDRESS: Final = "right_address"
"""The member of a problem that names where a body belongs; its detail is a sentence then."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way of sending alerts.

    Attributes:
        name: in logs and in the inbox; with it a request is found again when it is replayed.
        paths: where it is sent to, with parameters in braces; the first is the one to document.
        methods: by which it is sent.
        operation_id, summary, description: of the route, in OpenAPI.
        open, read, reply: from a request to what it says, and to the answer.
        key: finds the integration key in a body, for formats that put it there; the body is read
            before its sender is known then, so ``largest_body`` has to be small.
        kept: what of a request is kept: without the key, with the identity that it is given here,
            so that a replay finds the same.
        about: the id of the alert that a request speaks of, where its sender names it by ours; what
            is found is kept as ``FOUND`` among the parameters of the path.
        query: names of the parameters that are read beside the body, and kept with it.
        refusal: how a refusal reads, and ``refused`` its type; None for the problem document of
            every other route.
        headers: names of the headers that are read beside the body, and kept with it; one that ends
            in ``*`` stands for all that begin so.
        schema, example: of a body, in OpenAPI; no example where there is no body.
        media_types: of bodies that are taken beside JSON; ``*/*`` is any, for ``open`` to judge.
        other_bodies: of other media types than JSON, in OpenAPI: schema and example of each.
        answer: the type of the answer; None for an empty one.
        strict: one bad alert refuses the body, and nothing of it is stored.
        keeps_outcome: a sender may ask later what became of a request.
        dead_reason: of the dead letter of what cannot be read; where there is one, the sender is
            not refused, but told so in the answer.
        read_again: reads what could not be read before (None: all of it), for formats whose items
            are found by the integration's mapping, and not by ``open``.
        confirms: the address that a body asks to visit before its sender sends anything else.
        repeats_too_many: its senders repeat a request that is refused as one too many (429); where
            they do not, it is refused like any other that cannot be taken now (503).
        recognises: whether a decoded body that was sent elsewhere is probably of this format.
        called: what its requests are, with an article ("a Grafana webhook"), for whoever sent one
            elsewhere.
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
    methods: tuple[str, ...] = ("POST",)
    key: Callable[[bytes], str | None] | None = None
    kept: Callable[[Sent], Sent] | None = None
    about: Callable[[Sent], UUID | None] | None = None
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    other_bodies: Mapping[str, tuple[Mapping[str, Any], Any]] = field(default_factory=dict)
    refusal: Refusal | None = None
    refused: Any = None
    keeps_outcome: bool = False
    dead_reason: str | None = None
    read_again: ReadAgain | None = None
    confirms: Callable[[bytes], str | None] | None = None
    repeats_too_many: bool = True
    recognises: Callable[[Any], bool] | None = None
    called: str = ""
