"""Reports."""

from datetime import timedelta
from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter

from incident_management.routes import parameters
from incident_management.routes.dependencies import TheClock, TheDatabase, TheTargets
from incident_management.routes.parameters import Many
from incident_management.store import reports
from incident_management.store.happened import Window
from shared.auth import requires
from shared.contracts.identity import Role
from shared.contracts.reports import IncidentReport
from shared.errors import FieldError, Invalid

DEFAULT_PERIOD = timedelta(days=30)
LONGEST_PERIOD = timedelta(days=366)


@get("/incidents")
async def report_incidents(
    *,
    database: TheDatabase,
    clock: TheClock,
    targets: TheTargets,
    start: Annotated[
        str | None,
        QueryParameter(name="from", description="ISO 8601 instant; default: 30 days before"),
    ] = None,
    until: Annotated[
        str | None, QueryParameter(description="ISO 8601 instant; default: now")
    ] = None,
    zone: Annotated[str, QueryParameter(description="IANA zone of days and hours")] = "UTC",
    service: Many = None,
    team: Many = None,
) -> IncidentReport:
    """What happened in [from, until): how many and how fast, by day, service and hour.

    With the totals of the window before it, distributions, and what comes most often. At most 366
    days; `service` and `team` are whole names.
    """
    ends = parameters.instant("until", until) or clock.now()
    begins = parameters.instant("from", start) or ends - DEFAULT_PERIOD
    if not timedelta() < ends - begins <= LONGEST_PERIOD:
        message = f"must be before until, by at most {LONGEST_PERIOD.days} days"
        raise Invalid([FieldError("from", message)])
    window = Window(
        begins, ends, parameters.words("service", service), parameters.words("team", team)
    )
    where = parameters.zone("zone", zone)
    async with database.transaction() as connection:
        return await reports.incidents(connection, targets, window, where)


router = Router(
    "/api/v1/reports",
    route_handlers=[report_incidents],
    guards=[requires(Role.VIEWER)],
    tags=["reports"],
    security=[{"bearer": []}],
)
