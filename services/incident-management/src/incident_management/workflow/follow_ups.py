"""What is said of an alert at its sender, and of its service, once it has opened an incident.

Nothing here opens an incident or opens one again: what is said of one that is over, or not known,
comes to nothing.
"""

from incident_management.store import alerts, incidents
from incident_management.tables import IncidentRow
from incident_management.transitions import Reason
from incident_management.workflow.lifecycle import step_by_person
from incident_management.workflow.results import result
from incident_management.workflow.work import Happening, IncidentWork
from shared.contracts.alerts import AlertEvent
from shared.contracts.identity import Actor
from shared.contracts.incidents import IncidentKind, Status
from shared.contracts.wire import EventResult, Outcome


async def acknowledged(work: IncidentWork, event: AlertEvent) -> EventResult:
    """Somebody has the alert at its sender, and so the incident here, if nobody has it yet."""
    row = await _open_one(work, event)
    if row is None:
        return result(event, Outcome.IGNORED, event.incident_id, "not_open")
    if row.status is not Status.OPEN:
        return result(event, Outcome.IGNORED, row.id, "taken_already")
    work.goes_on_from(row)
    step_by_person(work, row, Status.ACKNOWLEDGED, Reason.ACKNOWLEDGED, _actor(event))
    return result(event, Outcome.APPLIED, row.id, event.reason)


async def noted(work: IncidentWork, event: AlertEvent) -> EventResult:
    """Somebody wrote something about the alert at its sender."""
    row = await _open_one(work, event)
    if row is None:
        return result(event, Outcome.IGNORED, event.incident_id, "not_open")
    work.remark(
        row,
        Happening(IncidentKind.NOTE, text=event.text, at=event.occurred_at, actor=_actor(event)),
    )
    return result(event, Outcome.APPLIED, row.id, event.reason)


async def changed(work: IncidentWork, event: AlertEvent) -> EventResult:
    """The alert's service was changed, before the incident began or while it is open."""
    row = await _open_one(work, event)
    if row is None:
        return result(event, Outcome.IGNORED, event.incident_id, "not_open")
    for change in event.changes:
        work.remark(
            row,
            Happening(
                IncidentKind.SERVICE_CHANGED,
                # The clock of whoever told of it may be ahead.
                at=min(change.at, event.occurred_at),
                reason=event.reason,
                data=change.model_dump(include={"service", "summary", "integration", "url"}),
            ),
        )
    return result(event, Outcome.APPLIED, row.id, event.reason)


async def _open_one(work: IncidentWork, event: AlertEvent) -> IncidentRow | None:
    """The incident that has the alert now, unless that is over."""
    alert = await alerts.lock_alert(work.held, event.alert.id)
    home = alert.incident_id if alert is not None else None
    row = await incidents.holder(work.held, home or event.incident_id)
    return None if row is None or row.status is Status.RESOLVED else row


def _actor(event: AlertEvent) -> Actor:
    # People of another system are none of ours: whoever it was, their word came by the integration.
    integration = event.alert.integration
    return Actor(kind="service", id=integration, name=event.author or integration)
