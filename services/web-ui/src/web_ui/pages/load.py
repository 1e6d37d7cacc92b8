"""``/reports/load``: what being on call has cost whom; as a table and CSV."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from litestar import Request, Response, get

from shared.contracts.configuration import TeamView
from shared.contracts.reports import FairnessRow, FairnessView
from shared.errors import Invalid
from web_ui.addresses import with_query
from web_ui.configuration import TEAMS
from web_ui.filters import Choice
from web_ui.forms import refusal
from web_ui.notices import Asking, Notice
from web_ui.pages.reports import USUAL, as_csv, days_of, window, windows
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

PATH = "/reports/load"


@dataclass(frozen=True)
class Asked:
    """The last so many days, of a team (empty: all), with the holidays of a country."""

    days: int = USUAL
    team: str = ""
    country: str = ""

    def address(self, path: str = PATH) -> str:
        """The page that shows it."""
        days = None if self.days == USUAL else str(self.days)
        return with_query(path, days=days, team=self.team, country=self.country)


@dataclass(frozen=True)
class LoadPage:
    """The context of the page; ``report`` is None while oncall-service does not answer."""

    asked: Asked
    choices: Sequence[Choice]
    teams: Sequence[TeamView]
    report: FairnessView | None
    download: str

    @property
    def most_pages(self) -> int:
        """Of one person, for the width of bars."""
        return max((row.pages for row in self.report.people), default=0) if self.report else 0

    @property
    def rows(self) -> Sequence[FairnessRow]:
        """Whoever carried most first."""
        people = self.report.people if self.report else ()
        return sorted(people, key=lambda row: (-row.pages, -row.primary_hours, row.person.name))


def asked_of(query: Any) -> Asked:
    """What an address asks for; nonsense counts as not given."""
    team, country = str(query.get("team", ""))[:200], str(query.get("country", ""))[:10].upper()
    return Asked(days_of(query), team, country)


async def ask(services: Services, viewer: Viewer, asked: Asked) -> FairnessView:
    """The report itself."""
    start, end = window(services.clock.now(), asked.days)
    return await services.duty_reporting.fairness(
        viewer.token, start, end, team=asked.team, country=asked.country
    )


async def load(services: Services, viewer: Viewer, asked: Asked) -> tuple[LoadPage, list[Notice]]:
    """Ask for it, and for the teams to choose from."""
    asking, refused = Asking(), []
    report: FairnessView | None = None

    async def report_or_why() -> None:
        nonlocal report
        try:
            report = await asking.for_(ask(services, viewer, asked))
        except Invalid as error:
            refused.append(refusal(error))

    teams, _ = await asyncio.gather(
        asking.for_(services.configuration.every(viewer.token, TEAMS)), report_or_why()
    )
    choices = windows(asked.days, lambda days: replace(asked, days=days).address())
    page = LoadPage(asked, choices, teams or (), report, asked.address(f"{PATH}.csv"))
    return page, [*refused, *asking.notices]


@get(PATH, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    page, notices = await load(services, viewer, asked_of(request.query_params))
    return services.renderer.page(request, "load", page, notices=notices)


@get(f"{PATH}.csv", include_in_schema=False)
async def download(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The table as CSV."""
    report = await ask(services, viewer, asked_of(request.query_params))
    return as_csv("vigie-load.csv", _lines(report))


def _lines(report: FairnessView) -> Iterator[Sequence[object]]:
    names = [name for name in FairnessRow.model_fields if name != "person"]
    yield ("person", *names)
    for row in report.people:
        yield (row.person.name, *(getattr(row, name) for name in names))
