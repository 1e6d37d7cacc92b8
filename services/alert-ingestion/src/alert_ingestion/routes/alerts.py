from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from litestar import Request, get
from litestar.params import FromQuery
from pydantic import BaseModel

from alert_ingestion.model import Alert, AlertStatus, Reason
from alert_ingestion.routes.askers import who_asks
from alert_ingestion.routes.parameters import Id, TheClock, TheDatabase, ThePolicy, text
from alert_ingestion.store import alerts as store
from alert_ingestion.store import entries
from shared.contracts.wire import Page, Ref, Severity
from shared.errors import NotFound
from shared.paging import DEFAULT_LIMIT, Cursor, Keyset, Limit

_NEWEST: Final = Keyset("alerts", UUID)
_OLDEST: Final = Keyset("alert-timeline", int)


Held: TypeAlias = Literal["silenced", "inhibited", "flapping"]
"""Why an alert pages nobody now, or does not end yet."""


class AlertView(BaseModel):
    """An alert as the API shows it.

    ``suppressed``: a person resolved it, and its sender still says that it fires.
    ``ends_at`` lies in the future while it counts as the sender's promise or our patience
    (``ends_at_is_timeout``).
    ``held``: it pages nobody, and belongs to no incident, while the silences or inhibition rules in
    ``held_by`` hold it back.
    ``flapping``: it opens and closes so often that it stays open until it has been quiet.
    """

    id: UUID
    incident_id: UUID | None
    integration: Ref
    fingerprint: str
    service: str
    severity: Severity
    severity_original: str | None
    message: str
    labels: dict[str, str]
    annotations: dict[str, str]
    links: dict[str, str]
    status: AlertStatus
    suppressed: bool
    count: int
    starts_at: datetime
    first_seen: datetime
    last_seen: datetime
    ends_at: datetime | None
    ends_at_is_timeout: bool
    resolved_at: datetime | None
    resolved_reason: str | None
    correlation_key: str
    held: Reason | None
    held_by: tuple[UUID, ...]
    held_since: datetime | None
    held_until: datetime | None
    flapping: bool


@get("/api/v1/alerts", tags=["alerts"], security=[{"bearer": []}])
async def list_alerts(
    request: Request[Any, Any, Any],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
    *,
    status: FromQuery[AlertStatus | None] = None,
    service: FromQuery[str | None] = None,
    severity: FromQuery[Severity | None] = None,
    incident_id: FromQuery[UUID | None] = None,
    held: FromQuery[Held | None] = None,
    integration: FromQuery[UUID | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AlertView]:
    """Alerts, newest first. An integration key sees those of its own integration."""
    own = (await who_asks(request, database, clock.now(), defaults)).integration_id
    wanted: Mapping[str, Any] = {
        "status": status,
        "service": text("service", service),
        "severity": severity,
        "incident_id": incident_id,
        "held": held,
        "integration_id": integration if own is None else own,
    }
    if own is not None and integration not in (None, own):
        return Page[AlertView](items=[])
    filters = {column: value for column, value in wanted.items() if value is not None}
    after = _NEWEST.after(cursor)
    async with database.transaction() as connection:
        found = await store.page(
            connection, filters, before=after[0] if after else None, limit=limit + 1
        )
    return _NEWEST.page(found, limit, key=lambda alert: (alert.id,), show=alert_view)


@get("/api/v1/alerts/{alert_id:uuid}", tags=["alerts"], security=[{"bearer": []}])
async def get_alert(
    request: Request[Any, Any, Any],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
    alert_id: Id,
) -> AlertView:
    """One alert. An integration key sees those of its own integration."""
    own = (await who_asks(request, database, clock.now(), defaults)).integration_id
    async with database.transaction() as connection:
        alert = await store.by_id(connection, alert_id)
    if alert is None or alert.is_canary or (own is not None and alert.integration_id != own):
        raise NotFound(f"There is no alert {alert_id}.")
    return alert_view(alert)


class AlertEntryView(BaseModel):
    """Something that was decided about an alert and that no incident's timeline tells."""

    at: datetime
    reason: Reason
    data: dict[str, Any]


@get("/api/v1/alerts/{alert_id:uuid}/timeline", tags=["alerts"], security=[{"bearer": []}])
async def get_alert_timeline(
    request: Request[Any, Any, Any],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
    alert_id: Id,
    *,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AlertEntryView]:
    """When an alert was held back, by what, when it was let go, and whether it flaps."""
    alert = await get_alert.fn(request, database, clock, defaults, alert_id)
    after = _OLDEST.after(cursor)
    async with database.transaction() as connection:
        found = await entries.of_alert(
            connection, alert.id, after=after[0] if after else 0, limit=limit + 1
        )
    return _OLDEST.page(found, limit, key=lambda one: (one[0],), show=_entry)


def _entry(numbered: tuple[int, entries.Entry]) -> AlertEntryView:
    _, entry = numbered
    return AlertEntryView(at=entry.at, reason=Reason(entry.reason), data=dict(entry.data))


def alert_view(alert: Alert) -> AlertView:
    """An alert as the API shows it."""
    columns = {
        name: getattr(alert, name) for name in AlertView.model_fields if name != "integration"
    }
    return AlertView(integration=Ref(id=alert.integration_id, name=alert.integration), **columns)
