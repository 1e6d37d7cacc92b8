"""Any JSON, read by the mapping of its integration: POST /api/v1/webhooks/generic."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from alert_ingestion.formats import native, sns
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.mapping import said
from alert_ingestion.formats.reading import Envelope, Reading, Taken, decode_any
from alert_ingestion.model import Nothing, Policy, Sent
from shared.app import MAX_BODY_BYTES

NOT_MAPPED: Final = "not_mapped"
"""The reason of a dead letter that the mapping made nothing of."""


class Fault(BaseModel):
    """What the mapping could not read; ``field`` names the expression."""

    field: str
    message: str


class DeadLetter(BaseModel):
    """The request as it is kept, to be replayed once its mapping was mended."""

    id: UUID
    reason: str
    errors: list[Fault]


class Answer(BaseModel):
    """What became of a body that is kept in any case.

    ``accepted`` things were stored, with a result each; ``dead_letter`` is where to find what the
    mapping could not read.
    """

    accepted: int
    results: list[native.Reply]
    dead_letter: DeadLetter | None = None


def take_apart(sent: Sent) -> Envelope:
    """The one body; which alerts it holds is said by the mapping."""
    return Envelope([decode_any(sent.body)], is_list=False)


def read(
    _envelope: Envelope, items: Sequence[Any], _first: int, now: datetime, policy: Policy
) -> Reading:
    """The alerts of a body."""
    [body] = items
    if sns.is_about_subscription(body):
        return Reading((Nothing("SNS asks about a subscription."),))
    return said.read(body, now, policy)


def read_again(
    envelope: Envelope, failed: Sequence[int] | None, received_at: datetime, policy: Policy
) -> Reading:
    """The alerts of a body that could not be read before."""
    [body] = envelope.items
    return said.read(body, received_at, policy, failed)


def _reply(taken: Taken) -> Answer:
    results = native.replies(taken.receipts)
    if not taken.errors:
        return Answer(accepted=len(results), results=results)
    faults = [Fault(field=error.field, message=error.message) for error in taken.errors]
    dead = DeadLetter(id=taken.inbox_id, reason=NOT_MAPPED, errors=faults)
    return Answer(accepted=len(results), results=results, dead_letter=dead)


FORMAT: Final = Format(
    name="generic",
    paths=("/api/v1/webhooks/generic",),
    operation_id="generic_webhook",
    summary="GenericWebhook",
    description=(
        "Take any JSON, read by the mapping of the integration. What the mapping cannot read is "
        "kept as a dead letter and answered with 202 all the same: `dead_letter` says why."
    ),
    open=take_apart,
    read=read,
    reply=_reply,
    schema={},
    body_description="Any JSON; without a mapping, the names that most senders have in common.",
    example={
        "title": "Error rate above 5 %",
        "service": "checkout",
        "severity": "critical",
        "status": "firing",
        "alert_id": "checkout-error-rate",
    },
    answer=Answer,
    status_code=202,
    # Amazon's SNS says of its JSON that it is text.
    media_types=("text/plain",),
    largest_body=MAX_BODY_BYTES,
    dead_reason=NOT_MAPPED,
    read_again=read_again,
    confirms=sns.address_to_confirm,
)
