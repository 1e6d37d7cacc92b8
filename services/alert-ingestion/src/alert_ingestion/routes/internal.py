from litestar import post
from litestar.params import JSONBody

from alert_ingestion.routes.parameters import TheClock, TheDatabase
from alert_ingestion.workflow.incidents import hear
from shared.app import INTERNAL_MAX_BODY_BYTES
from shared.auth import requires_service
from shared.contracts.incidents import INCIDENT_EVENTS_PATH, IncidentEvents
from shared.contracts.wire import EventResults


@post(
    INCIDENT_EVENTS_PATH,
    status_code=200,
    guards=[requires_service("incident-management")],
    request_max_body_size=INTERNAL_MAX_BODY_BYTES,
    tags=["between services"],
    security=[{"bearer": []}],
)
async def incident_events(
    data: JSONBody[IncidentEvents], database: TheDatabase, clock: TheClock
) -> EventResults:
    """What incident-management decided: incidents resolved, or merged; and how far a canary is."""
    return EventResults(results=await hear(database, data.events, clock.now()))
