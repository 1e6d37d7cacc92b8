"""``/``: what is open, who is on call, how fast we are."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request, Response, get

from shared.contracts.alert_api import AlertRate
from shared.contracts.incident_api import Durations, Stats
from shared.contracts.incidents import Incident, Status
from shared.contracts.oncall_api import CurrentView, EscalationView
from shared.contracts.wire import Page, Ref, Severity, rank
from web_ui.actions import Action, quick
from web_ui.coverage import Uncovered, uncovered
from web_ui.filters import ME, NO_TEAM, UNRESOLVED, Choice, Filters, of_query
from web_ui.first_steps import FirstSteps, first_steps
from web_ui.notices import Asking, Notice
from web_ui.reading import say, word
from web_ui.rendering import wants_fragment
from web_ui.saved_views import SavedView
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

MOST_ROWS = 200
# The last minute is not over, and is not counted.
RATE_MINUTES = 6


@dataclass(frozen=True)
class Row:
    """An incident, the button this viewer gets for it, and its run, while somebody is paged."""

    incident: Incident
    quick: Action | None
    run: EscalationView | None

    @property
    def next_people(self) -> Sequence[str]:
        """Who is paged next, unless somebody takes it."""
        return [person.name for person in self.run.next_people] if self.run else ()


@dataclass(frozen=True)
class Figure:
    """Open incidents of a severity (None while it is not known), as a filter."""

    severity: Severity
    count: int | None
    link: str
    on: bool


@dataclass(frozen=True)
class Mean:
    """A mean time of the window and of the one before it, in seconds; None without any."""

    seconds: float | None = None
    before: float | None = None

    @property
    def change(self) -> int | None:
        """By how many per cent it is longer (+) or shorter (-) than before."""
        if self.seconds is None or not self.before:
            return None
        return round((self.seconds / self.before - 1) * 100)


@dataclass(frozen=True)
class Now:
    """Alerts a minute, over the last few whole minutes, and how many are silenced."""

    per_minute: float
    silenced: int


@dataclass(frozen=True)
class Dashboard:
    """The context of the page. What is None could not be asked for.

    ``address`` shows the same again; ``total`` counts what fits the filters, and is None where it
    is more than what was asked for.
    """

    filters: Filters
    address: str
    figures: Sequence[Figure]
    choices: Sequence[Choice]
    views: Sequence[SavedView]
    rows: Sequence[Row] | None
    total: int | None
    mtta: Mean
    mttr: Mean
    days: int
    now: Now | None
    duties: Sequence[CurrentView] | None
    people: Sequence[Ref]
    uncovered: Uncovered | None
    first: FirstSteps | None
    can_act: bool

    @property
    def more(self) -> bool:
        """Whether there are more incidents than are shown."""
        return self.rows is not None and (self.total is None or self.total > len(self.rows))

    @property
    def everything(self) -> str:
        """Where the rest of them is."""
        return f"/history?{replace(self.filters, statuses=UNRESOLVED).query()}"


def address(filters: Filters) -> str:
    """The dashboard with these filters."""
    query = filters.query()
    return f"/?{query}" if query else "/"


async def load(
    services: Services, viewer: Viewer, filters: Filters, views: Sequence[SavedView]
) -> tuple[Dashboard, list[Notice]]:
    """Ask the neighbours at the same time; each may be missing."""
    asking = Asking()
    (page, stats, rate), (duties, holes, running, people) = await asyncio.gather(
        asyncio.gather(
            asking.for_(_search(services, viewer, filters)),
            asking.for_(services.incidents.stats(viewer.token)),
            asking.for_(services.ingestion.rate(viewer.token, RATE_MINUTES)),
        ),
        asyncio.gather(
            asking.for_(services.oncall.duties(viewer.token)),
            uncovered(services.oncall, viewer.token, services.clock.now()),
            asking.for_(services.oncall.running(viewer.token)),
            asking.for_(services.oncall.everybody(viewer.token)),
        ),
    )
    quiet = page is not None and not page.items and not filters.narrowed
    dashboard = Dashboard(
        filters=filters,
        address=address(filters),
        figures=[_figure(stats, severity, filters) for severity in Severity],
        choices=_choices(filters),
        views=views,
        rows=None if page is None else _rows(page.items, running or (), viewer),
        total=_total(page, stats, filters),
        mtta=_mean(stats, "mtta"),
        mttr=_mean(stats, "mttr"),
        days=round((stats.until - stats.since).total_seconds() / 86400) if stats else 0,
        now=_now(rate),
        duties=duties,
        people=people or (),
        uncovered=holes,
        # Asked while there is nothing else to look at, and somebody who could go on.
        first=await first_steps(services, viewer) if quiet and viewer.can_configure else None,
        can_act=viewer.can_act,
    )
    return dashboard, asking.notices


async def _search(services: Services, viewer: Viewer, filters: Filters) -> Page[Incident]:
    teams: Sequence[str] = ()
    if filters.my_teams:
        teams = await services.oncall.teams_of(viewer.token, viewer.id) or NO_TEAM
    open_ones = filters if filters.statuses else replace(filters, statuses=UNRESOLVED)
    wanted = open_ones.search(viewer.id, teams, limit=MOST_ROWS, worst_first=True)
    return await services.incidents.search(viewer.token, wanted)


def _rows(
    incidents: Sequence[Incident], running: Sequence[EscalationView], viewer: Viewer
) -> list[Row]:
    runs: Mapping[UUID, EscalationView] = {run.incident_id: run for run in running}
    return [
        Row(incident, quick(incident, viewer.role), runs.get(incident.id))
        for incident in worst_first(incidents)
    ]


def worst_first(incidents: Sequence[Incident]) -> list[Incident]:
    """By severity; of one severity, what nobody has taken first, then the oldest."""
    return sorted(
        incidents,
        key=lambda i: (rank(i.severity), i.status is not Status.OPEN, i.created_at),
    )


def _figure(stats: Stats | None, severity: Severity, filters: Filters) -> Figure:
    return Figure(
        severity,
        stats.open.by_severity.get(severity, 0) if stats else None,
        address(filters.toggled("severity", severity)),
        severity in filters.severities,
    )


def _choices(filters: Filters) -> list[Choice]:
    """The filters that need no typing: each switches itself on and off."""
    found = [
        Choice(say("Mine"), address(filters.toggled("assignee", ME)), filters.mine),
        Choice(say("My teams"), address(filters.toggled("my_teams")), filters.my_teams),
        Choice(
            say("Unassigned"),
            address(filters.toggled("assignee", "none")),
            filters.assignee == "none",
        ),
        *(
            Choice(
                word(status), address(filters.toggled("status", status)), status in filters.statuses
            )
            for status in UNRESOLVED
        ),
    ]
    typed = {"service": filters.service, "team": filters.team}
    return found + [
        Choice(value, address(filters.toggled(name, value)), on=True)
        for name, value in typed.items()
        if value
    ]


def _mean(stats: Stats | None, name: str) -> Mean:
    if stats is None:
        return Mean()
    now: Durations = getattr(stats.total, name)
    before: Durations | None = getattr(stats.previous, name) if stats.previous else None
    return Mean(now.mean_seconds, before.mean_seconds if before else None)


def _now(rate: AlertRate | None) -> Now | None:
    if rate is None:
        return None
    whole = [minute.received for minute in rate.minutes[:-1]]
    return Now(round(sum(whole) / len(whole), 1) if whole else 0, rate.silenced)


def _total(page: Page[Incident] | None, stats: Stats | None, filters: Filters) -> int | None:
    if page is None:
        return stats.open.total if stats else None
    if page.next_cursor is None:
        return len(page.items)
    return stats.open.total if stats and not filters.narrowed else None


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    filters: Filters,
    *,
    notices: Sequence[Notice] = (),
    status: int = 200,
    said: str = "",
) -> Response[str]:
    """The page or its fragment, with ``notices`` above whatever else there is to say.

    A fragment without the list would wipe what is on the screen: then the old list stays, with a
    notice of why.
    """
    views = services.cookies.views_of(request)
    dashboard, more = await load(services, viewer, filters, views)
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
    filters = of_query(parse_qsl(request.url.query))
    return await respond(request, services, viewer, filters)
