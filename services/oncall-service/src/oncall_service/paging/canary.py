"""Use case: the incident of a canary (docs/adr/0032) pages nobody, by the way of every page.

No team, policy or person has a part in it: one notification is owed to the channel that leads
nowhere, and what becomes of it is told to incident-management as of any other.
"""

from datetime import timedelta

from oncall_service.core.core import Core
from oncall_service.notifications import messages
from oncall_service.notifications.nowhere import Nowhere
from oncall_service.notifications.store import canary as store
from oncall_service.notifications.store.rows import PENDING
from oncall_service.notifications.work import MessageWork
from oncall_service.paging.pages import subject
from oncall_service.paging.reasons import Reason
from oncall_service.tables import NotificationRow
from shared.contracts.incidents import Incident, Status
from shared.contracts.wire import Severity
from shared.identifiers import new_id
from shared.urgency import Occasion, urgency

KEPT_FOR = timedelta(hours=1)


async def hear(work: MessageWork, incident: Incident) -> Reason:
    """Owe the page of a canary's incident, once; what came of it later owes nothing."""
    if incident.status is not Status.OPEN:
        return Reason.NOTHING_TO_STOP
    if not await store.owe(work.session, _page(work, incident)):
        return Reason.DUPLICATE_EVENT
    work.owe_message()
    return Reason.INCIDENT_OPENED


async def forget(core: Core) -> None:
    """Remove the pages of canaries that are over (run by an engine)."""
    async with core.database.session() as session:
        await store.forget(session, core.clock.now() - KEPT_FOR)


def _page(work: MessageWork, incident: Incident) -> NotificationRow:
    reason = Reason.INCIDENT_OPENED
    content = messages.page(subject(incident), team="", reason=reason)
    return NotificationRow(
        id=new_id(),
        idempotency_key=f"canary:{incident.id}",
        kind=content.kind,
        incident_id=incident.id,
        person_name="",
        channel=Nowhere.name,
        shown_target="",
        reason=reason,
        message=messages.stored(content),
        outcome=PENDING,
        outcome_detail="",
        urgency=urgency(Occasion.FIRST_WORD, Severity.CRITICAL),
        created_at=work.now,
        due_at=work.now,
        next_attempt_at=work.now,
    )
