"""Use case: nothing followed on an acknowledgement in time. Run by an engine, on every replica."""

from datetime import timedelta

import structlog

from oncall_service.core.core import Core
from oncall_service.notifications.work import MessageWork
from oncall_service.paging import store
from oncall_service.paging.reasons import Reason
from shared.contracts.incidents import Status
from shared.contracts.oncall import PageEvent, PageKind
from shared.identifiers import new_id
from shared.work import in_session

AT_ONCE = 200

# Should the word get lost on its way, it is said again.
SAID_AGAIN = timedelta(minutes=5)

_log = structlog.get_logger(__name__)


async def run_due(core: Core) -> int:
    """Tell incident-management of forgotten acknowledgements; how many there were.

    It opens the incident again, and says so: that starts a run. Until then the word is repeated.
    """
    now = core.clock.now()
    async with in_session(core.database, lambda session: MessageWork(session, now)) as work:
        due = await store.forgotten(work.session, now, AT_ONCE)
        for incident in due:
            if incident.status != Status.ACKNOWLEDGED:
                incident.forgotten_at = None
                continue
            incident.forgotten_at = now + SAID_AGAIN
            work.tell(
                PageEvent(
                    event_id=new_id(),
                    type=PageKind.FORGOTTEN,
                    occurred_at=now,
                    incident_id=incident.id,
                    reason=Reason.ACKNOWLEDGEMENT_FORGOTTEN,
                )
            )
            _log.info("acknowledgement_forgotten", incident_id=str(incident.id))
        return len(due)
