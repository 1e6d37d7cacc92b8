"""A message owed to a person, as the row that will be sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from oncall_service.notifications import messages
from oncall_service.notifications.channels import registry
from oncall_service.notifications.store.rows import PENDING
from oncall_service.tables import ContactMethodRow, NotificationRow
from shared.contracts.wire import Ref
from shared.identifiers import new_id

# Trouble comes in company, and what ends it too: a few seconds make one message of it.
GATHER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class About:
    """What a message belongs to: an incident, and the step of a run; a test to neither."""

    incident: UUID | None = None
    run: UUID | None = None
    round: int | None = None
    step: int | None = None


def asked_for(
    kind: str,
    content: messages.Content,
    *,
    to: Ref,
    method: ContactMethodRow,
    urgency: int,
    now: datetime,
) -> NotificationRow:
    """The debt of what somebody asks for about a contact method: a new one each time, and now."""
    return owed(
        content,
        to=to,
        method=method,
        key=f"{kind}:{new_id()}",
        reason=f"{kind}_requested",
        urgency=urgency,
        now=now,
        at=now,
        about=About(),
    )


def owed(
    content: messages.Content,
    *,
    to: Ref | None,
    method: ContactMethodRow,
    key: str,
    reason: str,
    urgency: int,
    now: datetime,
    at: datetime,
    about: About,
) -> NotificationRow:
    """The debt: a message to a person by one contact method, from ``at`` on.

    ``to`` is None for a webhook that is nobody's.

    ``key`` is the same however often it is written, so that it is owed once.
    """
    return NotificationRow(
        id=new_id(),
        idempotency_key=key,
        kind=content.kind,
        incident_id=about.incident,
        escalation_id=about.run,
        round=about.round,
        step=about.step,
        person_id=to.id if to else None,
        person_name=to.name if to else "",
        contact_method_id=method.id,
        channel=method.channel,
        shown_target=registry.shown(method.channel, method.target),
        reason=reason,
        message=messages.stored(content),
        outcome=PENDING,
        outcome_detail="",
        urgency=urgency,
        created_at=now,
        due_at=at,
        next_attempt_at=at,
    )
