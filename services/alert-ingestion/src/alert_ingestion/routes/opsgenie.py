"""What clients of Opsgenie ask for after they have sent something."""

from datetime import datetime
from time import perf_counter
from typing import Any, Final

from litestar import Request, get
from litestar.params import FromPath, FromQuery

from alert_ingestion.formats.opsgenie import alerts as forms
from alert_ingestion.formats.opsgenie import follow_ups
from alert_ingestion.formats.reading import storable
from alert_ingestion.integrations import authenticate
from alert_ingestion.model import Action, Alert, AlertStatus, Integration, Policy
from alert_ingestion.routes.inbound import refuses_as
from alert_ingestion.routes.keys import integration_key
from alert_ingestion.routes.parameters import TheClock, TheDatabase, ThePolicy
from alert_ingestion.store import alerts, inbox
from alert_ingestion.store.inbox import Outcome
from shared import context
from shared.asking import answer
from shared.clock import Clock
from shared.contracts.wire import Severity
from shared.database import Connection
from shared.errors import NotFound

_ACTIONS: Final = {
    forms.FORMAT.name: ("Create", "Created alert"),
    follow_ups.CLOSE.name: ("Close", "Closed alert"),
    follow_ups.ACKNOWLEDGE.name: ("Acknowledge", "Acknowledged alert"),
    follow_ups.NOTE.name: ("AddNote", "Added note to alert"),
}
_IN_VAIN: Final = frozenset({Action.NO_OPEN_ALERT, Action.IGNORED})
_PRIORITIES: Final = {
    Severity.CRITICAL: "P1",
    Severity.HIGH: "P2",
    Severity.MEDIUM: "P3",
    Severity.LOW: "P5",
}
_LIKE_OPSGENIE: Final[dict[str, Any]] = {
    "tags": ["alerts in"],
    "security": [{"bearer": []}],
    **refuses_as(forms.FORMAT),
}


@get("/v2/alerts/requests/{request_id:str}", **_LIKE_OPSGENIE)
async def get_request(
    request: Request[Any, Any, Any],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
    request_id: FromPath[str],
) -> dict[str, Any]:
    """What became of a request, as Opsgenie's Alert API says it."""
    began = perf_counter()
    async with database.transaction() as connection:
        integration = await _asking(connection, request, clock, defaults)
        wanted = follow_ups.id_of(request_id)
        found = wanted and await inbox.outcome_of(connection, integration.id, wanted)
    if not found or found.format not in _ACTIONS:
        raise NotFound("Request not found. It might not be processed, yet.")
    return _enveloped(_status(found, integration), began, request_id)


@get("/v2/alerts/{identifier:str}", **_LIKE_OPSGENIE)
async def get_alert_like_opsgenie(
    request: Request[Any, Any, Any],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
    identifier: FromPath[str],
    *,
    identifierType: FromQuery[str] = "id",  # noqa: N803 - Opsgenie's name
) -> dict[str, Any]:
    """An alert of the asking integration, by its id or its alias, as Opsgenie shows it."""
    began = perf_counter()
    async with database.transaction() as connection:
        integration = await _asking(connection, request, clock, defaults)
        found = await _alert(connection, integration, identifier, identifierType)
    if found is None or found.integration_id != integration.id:
        raise NotFound("Alert does not exist.")
    return _enveloped(_view(found), began, context.current().get("request_id", ""))


HANDLERS: Final = (get_request, get_alert_like_opsgenie)


async def _asking(
    connection: Connection, request: Request[Any, Any, Any], clock: Clock, defaults: Policy
) -> Integration:
    return await authenticate(connection, integration_key(request), clock.now(), defaults)


async def _alert(
    connection: Connection, integration: Integration, identifier: str, kind: str
) -> Alert | None:
    if follow_ups.is_alias(kind):
        identity = (integration.id, forms.identity_of(storable(identifier)))
        return (await answer(connection, alerts.latest([identity]))).get(identity)
    wanted = follow_ups.id_of(identifier)
    return None if wanted is None else await alerts.by_id(connection, wanted)


def _status(found: Outcome, integration: Integration) -> dict[str, Any]:
    action, done = _ACTIONS[found.format]
    main = found.outcome or {}
    success = bool(main) and main["action"] not in _IN_VAIN
    in_vain = "Alert does not exist" if main else "Waits to be replayed"
    return {
        "success": success,
        "isSuccess": success,
        "action": action,
        "processedAt": _instant(found.received_at),
        "integrationId": str(integration.id),
        "status": done if success else in_vain,
        "alertId": main.get("alert_id") or "",
        "alias": main.get("fingerprint", ""),
    }


def _view(alert: Alert) -> dict[str, Any]:
    is_open = alert.status is AlertStatus.FIRING
    return {
        "id": str(alert.id),
        "alias": alert.fingerprint,
        "message": alert.message,
        "status": "open" if is_open else "closed",
        "tags": [tag for tag in alert.labels.get("tags", "").split(", ") if tag],
        "count": alert.count,
        "createdAt": _instant(alert.first_seen),
        "lastOccurredAt": _instant(alert.last_seen),
        "updatedAt": _instant(alert.resolved_at or alert.last_seen),
        "source": alert.labels.get("source", ""),
        "entity": alert.labels.get("entity", ""),
        "priority": alert.labels.get("priority") or _PRIORITIES[alert.severity],
        "description": alert.annotations.get("description", ""),
        "details": alert.labels,
        "integration": {"id": str(alert.integration_id), "name": alert.integration, "type": "API"},
    }


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _enveloped(data: dict[str, Any], began: float, request_id: str) -> dict[str, Any]:
    return {"data": data, "took": round(perf_counter() - began, 3), "requestId": request_id}
