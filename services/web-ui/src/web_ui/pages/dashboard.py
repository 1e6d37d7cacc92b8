"""``/``: what is open, who is on call, how fast we are."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from shared.contracts.incident_api import Stats
from shared.contracts.incidents import Incident, Status
from shared.contracts.oncall_api import CurrentView
from shared.contracts.wire import Severity
from web_ui.actions import Action, quick
from web_ui.clients import Search
from web_ui.coverage import Uncovered, uncovered
from web_ui.notices import Asking, Notice
from web_ui.reading import many
from web_ui.rendering import wants_fragment
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

UNRESOLVED = (Status.OPEN, Status.ACKNOWLEDGED, Status.IN_PROGRESS)
MOST_ROWS = 200

_WORST_FIRST = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Row:
    """An incident, and the button this viewer gets for it."""

    incident: Incident
    quick: Action | None


@dataclass(frozen=True)
class Figure:
    """Open incidents of a severity; null while it is not known."""

    severity: Severity
    count: int | None


@dataclass(frozen=True)
class Dashboard:
    """The context of the page. What is None could not be asked for."""

    figures: Sequence[Figure]
    rows: Sequence[Row] | None
    total: int | None
    mtta_seconds: float | None
    mttr_seconds: float | None
    window: str
    duties: Sequence[CurrentView] | None
    uncovered: Uncovered | None
    can_act: bool

    @property
    def more(self) -> bool:
        """Whether there are more incidents than are shown."""
        return self.rows is not None and self.total is not None and self.total > len(self.rows)


async def load(services: Services, viewer: Viewer) -> tuple[Dashboard, list[Notice]]:
    """Ask the neighbours at the same time; each may be missing."""
    asking = Asking()
    search = Search(statuses=UNRESOLVED, limit=MOST_ROWS, worst_first=True)
    page, stats, duties, holes = await asyncio.gather(
        asking.for_(services.incidents.search(viewer.token, search)),
        asking.for_(services.incidents.stats(viewer.token)),
        asking.for_(services.oncall.duties(viewer.token)),
        uncovered(services.oncall, viewer.token, services.clock.now()),
    )
    incidents = None if page is None else worst_first(page.items)
    rows = None if incidents is None else [Row(i, quick(i, viewer.role)) for i in incidents]
    dashboard = Dashboard(
        figures=[Figure(severity, _open(stats, severity)) for severity in Severity],
        rows=rows,
        total=_total(rows, stats),
        mtta_seconds=stats.total.mtta.mean_seconds if stats else None,
        mttr_seconds=stats.total.mttr.mean_seconds if stats else None,
        window=window(stats),
        duties=duties,
        uncovered=holes,
        can_act=viewer.can_act,
    )
    return dashboard, asking.notices


def worst_first(incidents: Sequence[Incident]) -> list[Incident]:
    """By severity; of one severity, what nobody has taken first, then the oldest."""
    return sorted(
        incidents,
        key=lambda i: (_WORST_FIRST[i.severity], i.status is not Status.OPEN, i.created_at),
    )


def window(stats: Stats | None) -> str:
    """The span the mean times are over, in words."""
    if stats is None:
        return ""
    days = round((stats.until - stats.since).total_seconds() / 86400)
    return str(many("mean, last {count} day", "mean, last {count} days", days))


def _open(stats: Stats | None, severity: Severity) -> int | None:
    return stats.open.by_severity.get(severity, 0) if stats else None


def _total(rows: Sequence[Row] | None, stats: Stats | None) -> int | None:
    if stats is not None:
        return stats.open.total
    return None if rows is None else len(rows)


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    *,
    notices: Sequence[Notice] = (),
    status: int = 200,
    said: str = "",
) -> Response[str]:
    """The page or its fragment, with ``notices`` above whatever else there is to say.

    A fragment without the list would wipe what is on the screen: then the old list stays, with a
    notice of why.
    """
    dashboard, more = await load(services, viewer)
    notices = [*notices, *more]
    if dashboard.rows is None and wants_fragment(request):
        return services.renderer.keep(request, notices)
    return services.renderer.page(
        request, "dashboard", dashboard, notices=notices, status=status, said=said
    )


@get("/", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The dashboard."""
    return await respond(request, services, viewer)
