"""``/history``: every incident, by status, severity, service and text; the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, Response, get

from shared.contracts.incidents import Incident, Status
from shared.contracts.wire import Severity
from shared.errors import Invalid
from web_ui.filters import NO_TEAM, Filters, of_query
from web_ui.notices import Asking, Notice
from web_ui.reading import say
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

PATH = "/history"
PAGE_SIZE = 50


@dataclass(frozen=True)
class HistoryPage:
    """The context of the page; ``items`` is None while incident-management does not answer."""

    filters: Filters
    statuses: Sequence[Status]
    severities: Sequence[Severity]
    items: Sequence[Incident] | None
    first: str | None
    older: str | None


def address(filters: Filters, cursor: str | None = None) -> str:
    """The page these filters show."""
    query = filters.query(cursor)
    return f"{PATH}?{query}" if query else PATH


async def load(
    services: Services, viewer: Viewer, filters: Filters, cursor: str | None
) -> tuple[HistoryPage, list[Notice]]:
    """One page of incidents, newest first."""
    asking = Asking()
    empty = HistoryPage(
        filters=filters,
        statuses=list(Status),
        severities=list(Severity),
        items=None,
        first=address(filters) if cursor else None,
        older=None,
    )
    teams: Sequence[str] = ()
    if filters.my_teams:
        mine = await asking.for_(services.oncall.teams_of(viewer.token, viewer.id))
        if mine is None:
            return empty, asking.notices
        teams = mine or NO_TEAM
    search = filters.search(viewer.id, teams, limit=PAGE_SIZE, cursor=cursor)
    try:
        page = await asking.for_(services.incidents.search(viewer.token, search))
    except Invalid as error:
        notice = Notice("error", say("This cannot be searched."), say(error.detail))
        return replace(empty, items=[]), [notice]
    if page is None:
        return empty, asking.notices
    older = address(filters, page.next_cursor) if page.next_cursor else None
    return replace(empty, items=page.items, older=older), asking.notices


@get(PATH, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    filters = of_query(parse_qsl(request.url.query))
    cursor = request.query_params.get("cursor") or None
    page, notices = await load(services, viewer, filters, cursor)
    return services.renderer.page(
        request, "history", page, notices=notices, lacking=page.items is None
    )
