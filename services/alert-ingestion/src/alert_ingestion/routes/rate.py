from typing import Annotated, Any

from litestar import Request, get
from litestar.params import QueryParameter

from alert_ingestion.routes.askers import who_asks
from alert_ingestion.routes.parameters import TheClock, TheDatabase, ThePolicy
from alert_ingestion.store import alerts, minutes
from alert_ingestion.workflow.housekeeping import MINUTES_REMEMBERED
from shared.contracts.alert_api import COUNTED_AT_MOST, AlertRate, MinuteCount
from shared.errors import Forbidden


@get("/api/v1/alerts/rate", tags=["alerts"], security=[{"bearer": []}])
async def alert_rate(
    request: Request[Any, Any, Any],
    database: TheDatabase,
    clock: TheClock,
    defaults: ThePolicy,
    *,
    wanted: Annotated[
        int,
        QueryParameter(
            name="minutes", ge=1, le=MINUTES_REMEMBERED, description="so many, this one included"
        ),
    ] = 60,
) -> AlertRate:
    """Alerts received in each of the last minutes, and how many fire and are silenced now.

    Of all integrations: it is not for the key of one.
    """
    now = clock.now()
    if (await who_asks(request, database, now, defaults)).integration_id is not None:
        raise Forbidden("This needs an API token: it is about every integration.")
    first = minutes.beginning(now) - (wanted - 1) * minutes.MINUTE
    async with database.transaction() as connection:
        received = await minutes.since(connection, first)
        firing, silenced = await alerts.count_now(connection, COUNTED_AT_MOST)
    return AlertRate(
        minutes=[
            MinuteCount(at=at, received=received.get(at, 0))
            for at in (first + place * minutes.MINUTE for place in range(wanted))
        ],
        firing=firing,
        silenced=silenced,
    )
