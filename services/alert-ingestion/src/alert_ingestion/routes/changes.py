from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import get
from litestar.params import FromQuery
from pydantic import BaseModel

from alert_ingestion.routes.parameters import TheDatabase, text
from alert_ingestion.store import changes as store
from alert_ingestion.store.changes import StoredChange
from shared.auth import requires
from shared.contracts.identity import Role
from shared.contracts.wire import Page, Ref
from shared.paging import DEFAULT_LIMIT, Cursor, Keyset, Limit

_NEWEST: Final = Keyset("changes", UUID)


class ChangeView(BaseModel):
    """A change of a service (a deployment, a setting) that somebody told of."""

    id: UUID
    integration: Ref
    service: str
    summary: str
    at: datetime
    received_at: datetime
    details: dict[str, str]
    links: dict[str, str]


@get(
    "/api/v1/changes",
    guards=[requires(Role.VIEWER)],
    tags=["alerts"],
    security=[{"bearer": []}],
)
async def list_changes(
    database: TheDatabase,
    *,
    service: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ChangeView]:
    """Changes of services of the last 30 days, newest first."""
    wanted = text("service", service)
    after = _NEWEST.after(cursor)
    async with database.transaction() as connection:
        found = await store.page(
            connection,
            {} if wanted is None else {"service": wanted},
            before=after[0] if after else None,
            limit=limit + 1,
        )
    return _NEWEST.page(found, limit, key=lambda change: (change.id,), show=_view)


def _view(change: StoredChange) -> ChangeView:
    columns = {name: getattr(change, name) for name in ChangeView.model_fields}
    ref = Ref(id=change.integration_id, name=change.integration)
    return ChangeView(**{**columns, "integration": ref})
