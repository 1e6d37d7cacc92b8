"""Who changed what."""

from litestar import Router, get
from litestar.params import FromQuery

from oncall_service.core.parameters import TheCore, named_or_none
from shared import audit
from shared.auth import requires
from shared.contracts.audit import AuditEntry
from shared.contracts.identity import Role
from shared.contracts.wire import Page
from shared.paging import DEFAULT_LIMIT, Cursor, Limit


@get("/audit", guards=[requires(Role.ADMIN)])
async def list_audit(
    *,
    core: TheCore,
    subject_kind: FromQuery[str | None] = None,
    subject_id: FromQuery[str | None] = None,
    actor_id: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """Changes of people, teams, services, schedules, policies and tokens; newest first."""
    async with core.database.transaction() as connection:
        return await audit.page(
            connection,
            subject_kind=named_or_none("subject_kind", subject_kind),
            subject_id=named_or_none("subject_id", subject_id),
            actor_id=named_or_none("actor_id", actor_id),
            limit=limit,
            cursor=cursor,
        )


router = Router("/api/v1", route_handlers=[list_audit], tags=["audit"], security=[{"bearer": []}])
