"""``/alerts``: every alert as it came, newest first, and how many a minute."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from shared.contracts.alert_api import AlertRate, MinuteCount
from shared.contracts.wire import Ref
from web_ui.alert_filters import AlertFilters, of_query
from web_ui.charts import Chart, Named, chart
from web_ui.filters import Choice
from web_ui.ingested import Alert
from web_ui.notices import Asking
from web_ui.presentation import time_of_day
from web_ui.reading import many, number
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

RATE_MINUTES = 61
"""The minute that is not over yet, and the hour before it."""


@dataclass(frozen=True)
class AlertsPage:
    """The context of the page; ``items`` is None while alert-ingestion does not answer."""

    filters: AlertFilters
    choices: Sequence[Choice]
    integrations: Sequence[Ref]
    items: Sequence[Alert] | None
    first: str | None
    older: str | None
    rate: AlertRate | None
    minutes: Sequence[Named]
    picture: Chart | None
    can_configure: bool


@get("/alerts", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    filters = of_query(request.query_params)
    cursor = request.query_params.get("cursor") or None
    asking, ask, token = Asking(), services.ingestion, viewer.token
    found, rate, senders = await asyncio.gather(
        asking.for_(ask.alerts(token, filters.asked(cursor))),
        asking.for_(ask.rate(token, RATE_MINUTES)),
        asking.for_(senders_of(services, viewer)),
    )
    items = None if found is None else found.items
    minutes = [_named(minute) for minute in rate.minutes[:-1]] if rate else []
    page = AlertsPage(
        filters=filters,
        choices=filters.choices(),
        integrations=senders or named(items or (), filters.integration),
        items=items,
        first=filters.address() if cursor else None,
        older=filters.address(found.next_cursor) if found and found.next_cursor else None,
        rate=rate,
        minutes=minutes,
        picture=chart(minutes, number) if minutes else None,
        can_configure=viewer.can_configure,
    )
    return services.renderer.page(
        request, "alerts", page, notices=asking.notices, lacking=found is None
    )


async def senders_of(services: Services, viewer: Viewer) -> list[Ref]:
    """The integrations to choose from; only administrators are told of them."""
    if not viewer.can_configure:
        return []
    found = await services.ingestion.integrations(viewer.token)
    return [Ref(id=one.id, name=one.name) for one in found]


def named(items: Sequence[Alert], chosen: str) -> list[Ref]:
    """The integrations of what is shown, where nobody tells of them all."""
    found = {one.integration.id: one.integration for one in items}
    return [one for one in found.values() if not chosen or str(one.id) == chosen]


def _named(minute: MinuteCount) -> Named:
    at = time_of_day(minute.at)
    count = many("{count} alert", "{count} alerts", minute.received)
    return Named(at, minute.received, f"{at}: {count}")
