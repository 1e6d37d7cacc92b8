from litestar import get
from litestar.params import FromQuery

from alert_ingestion.routes.parameters import TheDatabase, text
from shared import audit
from shared.auth import requires
from shared.contracts.audit import AuditEntry
from shared.contracts.identity import Role
from shared.contracts.wire import Page
from shared.paging import DEFAULT_LIMIT, Cursor, Limit


@get(
    "/api/v1/audit",
    guards=[requires(Role.ADMIN)],
    tags=["audit"],
    security=[{"bearer": []}],
)
async def list_audit(
    database: TheDatabase,
    *,
    subject_kind: FromQuery[str | None] = None,
    subject_id: FromQuery[str | None] = None,
    actor_id: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """Changes of integrations, silences, rules of inhibition and heartbeats; newest first."""
    async with database.transaction() as connection:
        return await audit.page(
            connection,
            subject_kind=text("subject_kind", subject_kind),
            subject_id=text("subject_id", subject_id),
            actor_id=text("actor_id", actor_id),
            limit=limit,
            cursor=cursor,
        )
