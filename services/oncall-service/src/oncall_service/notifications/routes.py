"""What was sent to people."""

from uuid import UUID

from litestar import Router, get
from litestar.params import FromQuery

from oncall_service.core.parameters import TheCore, named_or_none
from oncall_service.notifications import usecases
from oncall_service.notifications.shapes import NotificationOutcome, PushKey
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.oncall_api import NotificationView
from shared.contracts.wire import Page
from shared.paging import DEFAULT_LIMIT, Cursor, Limit
from shared.words.asked import Language
from shared.words.catalogues import preferred, speaking


@get("/notifications", guards=[requires(Role.VIEWER)])
async def list_notifications(
    *,
    core: TheCore,
    incident_id: FromQuery[UUID | None] = None,
    person: FromQuery[str | None] = None,
    outcome: FromQuery[NotificationOutcome | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    accept_language: Language = None,
    principal: Caller,
) -> Page[NotificationView]:
    """Every message to a person with every attempt to deliver it, newest first."""
    return await usecases.listed(
        core,
        incident_id=incident_id,
        person=named_or_none("person", person),
        outcome=outcome,
        limit=limit,
        cursor=cursor,
        inside=principal.role.includes(Role.ADMIN),
        words=speaking(preferred(accept_language)),
    )


@get("/push/key", guards=[requires(Role.VIEWER)], tags=["people"])
async def push_key(core: TheCore) -> PushKey:
    """The key that a browser subscribes with (``applicationServerKey``)."""
    return usecases.push_key(core)


router = Router(
    "/api/v1",
    route_handlers=[list_notifications, push_key],
    tags=["escalations"],
    security=[{"bearer": []}],
)
