from datetime import datetime
from typing import Any, Final

from litestar import get
from litestar.params import FromQuery
from pydantic import BaseModel

from alert_ingestion.routes.parameters import TheDatabase, text
from alert_ingestion.store import audit as store
from shared.auth import requires
from shared.contracts.identity import Actor, Role
from shared.contracts.wire import Page
from shared.paging import DEFAULT_LIMIT, Cursor, Keyset, Limit

_NEWEST: Final = Keyset("audit", int)


class AuditEntry(BaseModel):
    """Who changed what: of two states only what differs; nothing ever changes or removes it."""

    seq: int
    at: datetime
    actor: Actor
    action: str
    subject_kind: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


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
    after = _NEWEST.after(cursor)
    async with database.transaction() as connection:
        found = await store.page(
            connection,
            subject_kind=text("subject_kind", subject_kind),
            subject_id=text("subject_id", subject_id),
            actor_id=text("actor_id", actor_id),
            before=after[0] if after else None,
            limit=limit + 1,
        )
    return _NEWEST.page(found, limit, key=lambda row: (row["seq"],), show=_view)


def _view(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(**row)
