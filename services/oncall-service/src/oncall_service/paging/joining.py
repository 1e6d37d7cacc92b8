"""Word for whoever has an incident of the alerts that joined it since."""

from uuid import UUID

from oncall_service.notifications import messages
from oncall_service.notifications.owed import GATHER, About, owed
from oncall_service.notifications.store import rows
from oncall_service.paging.pages import subject
from oncall_service.paging.reasons import Reason
from oncall_service.paging.runs import Runs
from oncall_service.tables import IncidentRow
from shared.contracts.incidents import JoinedAlerts
from shared.contracts.wire import Ref
from shared.urgency import Occasion, urgency


async def tell_more(
    runs: Runs, incident: IncidentRow, person: Ref, joined: JoinedAlerts, event_id: UUID
) -> bool:
    """Owe whoever has an incident word of the alerts that joined it; False: no way to.

    What was not sent yet is added to: many alerts in a row are one message.
    """
    reached = (await runs.directory.people([person.id])).get(person.id)
    if reached is None or not reached.methods:
        return False
    waiting = await rows.unsent_more(runs.session, incident.id, person.id)
    for method in reached.methods:
        before = waiting.get(method.id)
        count = joined.count + (before.message["facts"]["count"] if before else 0)
        content = messages.more_alerts(
            subject(incident),
            count=count,
            worst_severity=joined.severity,
            worst_message=joined.message,
        )
        if before is not None:
            before.message = messages.stored(content)
            continue
        runs.session.add(
            owed(
                content,
                to=reached.ref,
                method=method,
                key=f"more:{event_id}:{method.id}",
                reason=Reason.MORE_ALERTS,
                urgency=urgency(Occasion.MORE, incident.severity),
                now=runs.now,
                at=runs.now + GATHER,
                about=About(incident.id),
            )
        )
    return True
