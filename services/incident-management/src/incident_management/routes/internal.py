"""What the neighbours send: batches of events, each answered one by one; and imports."""

from typing import Any

from litestar import Router, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody

from incident_management.routes.dependencies import (
    TheClock,
    TheDatabase,
    TheLinks,
    TheTargets,
)
from incident_management.workflow.alerts import take_alert_events
from incident_management.workflow.imports import import_incidents
from incident_management.workflow.pages import take_page_events
from shared.app import INTERNAL_MAX_BODY_BYTES
from shared.auth import Caller, current_principal, requires, requires_service
from shared.contracts.alerts import ALERT_EVENTS_PATH, AlertEvents
from shared.contracts.identity import Actor, Role
from shared.contracts.imports import IMPORT_PATH, Import, ImportResults
from shared.contracts.incident_api import LinkToken, LinkView
from shared.contracts.oncall import PAGE_EVENTS_PATH, PageEvents
from shared.contracts.wire import EventResults
from shared.errors import Forbidden


async def admin_or_service(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """A guard: an administrator, or a service of this installation."""
    await requires(Role.VIEWER)(connection, handler)  # type: ignore[misc]
    principal = current_principal(connection)
    if principal.kind != "service" and not principal.role.includes(Role.ADMIN):
        raise Forbidden(f"This needs the role admin; {principal.name} is {principal.role}.")


@post(ALERT_EVENTS_PATH, status_code=200, guards=[requires_service("alert-ingestion")])
async def take_alerts(
    data: JSONBody[AlertEvents], database: TheDatabase, clock: TheClock, targets: TheTargets
) -> EventResults:
    """Alerts that began to belong to an incident, or stopped firing."""
    return EventResults(results=await take_alert_events(database, clock, targets, data.events))


@post(PAGE_EVENTS_PATH, status_code=200, guards=[requires_service("oncall-service")])
async def take_pages(
    data: JSONBody[PageEvents], database: TheDatabase, clock: TheClock, targets: TheTargets
) -> EventResults:
    """What became of pages."""
    return EventResults(results=await take_page_events(database, clock, targets, data.events))


@post(IMPORT_PATH, status_code=200, guards=[admin_or_service])
async def import_past(
    data: JSONBody[Import],
    database: TheDatabase,
    clock: TheClock,
    targets: TheTargets,
    principal: Caller,
) -> ImportResults:
    """Past incidents, whole. Nobody is told; sending one again changes nothing."""
    results = await import_incidents(database, clock, targets, data.incidents, Actor.of(principal))
    return ImportResults(results=results)


@post("/internal/v1/links/look", status_code=200, guards=[requires_service("web-ui")])
async def look_at_link(data: JSONBody[LinkToken], links: TheLinks) -> LinkView:
    """What a link in a message is about. Looking at it, however often, changes nothing."""
    return await links.look(data.token)


@post("/internal/v1/links/use", status_code=200, guards=[requires_service("web-ui")])
async def use_link(data: JSONBody[LinkToken], links: TheLinks) -> LinkView:
    """Acknowledge by a link in a message, in the name of whom it was sent to; once."""
    return await links.use(data.token)


router = Router(
    "/",
    route_handlers=[take_alerts, take_pages, import_past, look_at_link, use_link],
    request_max_body_size=INTERNAL_MAX_BODY_BYTES,
    tags=["internal"],
    security=[{"bearer": []}],
)
