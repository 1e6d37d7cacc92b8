"""What the other services of this installation send and ask."""

from litestar import Router, post
from litestar.params import JSONBody

from oncall_service.access.usecases import LocalTokenDirectory
from oncall_service.core.parameters import TheCore
from oncall_service.paging import usecases as paging
from shared.app import INTERNAL_MAX_BODY_BYTES
from shared.auth import requires_service
from shared.contracts.identity import TOKEN_CHECK_PATH, TokenCheck, TokenCheckResult
from shared.contracts.incidents import INCIDENT_EVENTS_PATH, IncidentEvents
from shared.contracts.wire import EventResults


@post(INCIDENT_EVENTS_PATH, status_code=200, guards=[requires_service("incident-management")])
async def hear_incidents(core: TheCore, data: JSONBody[IncidentEvents]) -> EventResults:
    """Incidents that changed: page, or stop. Twice or out of order is as good as once in order."""
    return EventResults(results=await paging.hear(core, data.events))


@post(
    TOKEN_CHECK_PATH,
    status_code=200,
    guards=[requires_service("alert-ingestion", "incident-management", "web-ui")],
)
async def check_token(core: TheCore, data: JSONBody[TokenCheck]) -> TokenCheckResult:
    """Whose token this is; null for one that is unknown, expired or revoked."""
    return TokenCheckResult(principal=await LocalTokenDirectory(core).find(data.token))


router = Router(
    "/",
    route_handlers=[hear_incidents, check_token],
    request_max_body_size=INTERNAL_MAX_BODY_BYTES,
    tags=["internal"],
    security=[{"bearer": []}],
)
