"""``/reports``: how many incidents, how fast, of what and when; as charts, tables and CSV."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from litestar import Request, Response, get

from shared.contracts.configuration import TeamView
from shared.contracts.incident_api import Durations
from shared.contracts.reports import Bucket, IncidentReport
from shared.errors import Invalid, NotFound
from web_ui import charts, reading
from web_ui.addresses import with_query
from web_ui.charts import Chart, Named, Square
from web_ui.configuration import TEAMS
from web_ui.filters import Choice
from web_ui.forms import refusal
from web_ui.notices import Asking, Notice
from web_ui.presentation import NOTHING, day, duration, weekday
from web_ui.reading import many, number, say
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

PATH = "/reports"
WINDOWS = (7, 30, 90, 365)
USUAL = 30
PARTS = ("days", "services", "hours", "noisiest")


@dataclass(frozen=True)
class Asked:
    """What an address asks for: the last so many days, of a team and a service; empty: of all."""

    days: int = USUAL
    team: str = ""
    service: str = ""

    def address(self, path: str = PATH, **more: str) -> str:
        """The page that shows it."""
        days = None if self.days == USUAL else str(self.days)
        return with_query(path, days=days, team=self.team, service=self.service, **more)


@dataclass(frozen=True)
class Headline:
    """A figure, what it was in the window before (empty: nothing to compare), and how it moved.

    ``better`` is None where more is neither good nor bad.
    """

    name: str
    value: str
    before: str
    better: bool | None


@dataclass(frozen=True)
class ReportsPage:
    """The context of the page; ``report`` is None while incident-management does not answer."""

    asked: Asked
    choices: Sequence[Choice]
    teams: Sequence[TeamView]
    report: IncidentReport | None
    headlines: Sequence[Headline]
    created: Chart | None
    mtta: Chart | None
    mttr: Chart | None
    mtta_spread: Chart | None
    mttr_spread: Chart | None
    squares: Sequence[Square]
    weekdays: Sequence[str]
    downloads: Mapping[str, str]
    grafana: str


def asked_of(query: Mapping[str, Any]) -> Asked:
    """What an address asks for; nonsense counts as not given."""
    return Asked(
        days_of(query), str(query.get("team", ""))[:200], str(query.get("service", ""))[:200]
    )


def days_of(query: Mapping[str, Any]) -> int:
    """One of ``WINDOWS``."""
    text = str(query.get("days", ""))
    return next((days for days in WINDOWS if str(days) == text), USUAL)


def windows(chosen: int, address: Callable[[int], str]) -> list[Choice]:
    """The windows there are to choose from; ``address`` is the same page with another."""
    return [
        Choice(
            many("the last {count} day", "the last {count} days", days),
            address(days),
            days == chosen,
        )
        for days in WINDOWS
    ]


async def load(
    services: Services, viewer: Viewer, asked: Asked
) -> tuple[ReportsPage, list[Notice]]:
    """Ask for the report and make charts of it."""
    asking = Asking()
    notices: list[Notice] = []
    report = None
    teams = await asking.for_(services.configuration.every(viewer.token, TEAMS))
    try:
        report = await asking.for_(ask(services, viewer, asked))
    except Invalid as error:
        notices = [refusal(error)]
    page = ReportsPage(
        asked=asked,
        choices=windows(asked.days, lambda days: replace(asked, days=days).address()),
        teams=teams or (),
        report=report,
        headlines=_headlines(report) if report else (),
        created=_by_day(report, "created") if report else None,
        mtta=_by_day(report, "mtta") if report else None,
        mttr=_by_day(report, "mttr") if report else None,
        mtta_spread=_spread(report.mtta) if report else None,
        mttr_spread=_spread(report.mttr) if report else None,
        squares=charts.squares(report.by_hour) if report else (),
        weekdays=[weekday(date(2024, 1, 1) + timedelta(days=place)) for place in range(7)],
        downloads={part: asked.address(f"{PATH}.csv", part=part) for part in PARTS},
        grafana=services.grafana,
    )
    return page, [*notices, *asking.notices]


async def ask(services: Services, viewer: Viewer, asked: Asked) -> IncidentReport:
    """The report of whole days that end with today, on the clock of the reader."""
    start, end = window(services.clock.now(), asked.days)
    zone = reading.current().zone_name
    return await services.reporting.incidents(
        viewer.token, start, end, zone, team=asked.team, service=asked.service
    )


def window(now: datetime, days: int) -> tuple[datetime, datetime]:
    """From the midnight that begins the first of the days until now."""
    local = now.astimezone(reading.current().zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days - 1), now


def _headlines(report: IncidentReport) -> list[Headline]:
    now, before = report.total, report.previous
    return [
        _compared(say("Incidents"), now.created, before.created, number, better=None),
        _compared("MTTA", now.mtta.mean_seconds, before.mtta.mean_seconds, duration),
        _compared("MTTR", now.mttr.mean_seconds, before.mttr.mean_seconds, duration),
        _compared(
            say("Never acknowledged"),
            now.never_acknowledged,
            before.never_acknowledged,
            number,
        ),
    ]


def _compared(
    name: str,
    now: float | None,
    before: float | None,
    said: Any,
    *,
    better: bool | None = False,
) -> Headline:
    moved = None if better is None or now is None or before is None else now < before
    same = now == before
    return Headline(
        name,
        NOTHING if now is None else said(now),
        "" if before is None else say("{value} before", value=said(before)),
        None if same else moved,
    )


def _by_day(report: IncidentReport, name: str) -> Chart:
    values = []
    for each in report.by_day:
        at = date.fromisoformat(each.day)
        if name == "created":
            value: float | None = each.created
            told = number(each.created)
        else:
            spent: Durations = getattr(each, name)
            value, told = spent.mean_seconds, duration(spent.mean_seconds)
        values.append(Named(_day(at), value, f"{_day(at)}: {told}"))
    return charts.chart(values, number if name == "created" else duration)


def _spread(buckets: Sequence[Bucket]) -> Chart:
    values = []
    for bucket in buckets:
        name = say("more") if bucket.up_to is None else f"≤ {duration(bucket.up_to)}"
        values.append(Named(name, bucket.count, f"{name}: {number(bucket.count)}"))
    return charts.chart(values, number)


def _day(at: date) -> str:
    midnight = datetime(at.year, at.month, at.day, tzinfo=reading.current().zone)
    return day(midnight, midnight)


@get(PATH, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    page, notices = await load(services, viewer, asked_of(request.query_params))
    return services.renderer.page(request, "reports", page, notices=notices)


@get(f"{PATH}.csv", include_in_schema=False)
async def download(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """One of the tables as CSV (RFC 4180): names of columns for programs, seconds, UTC dates."""
    part = str(request.query_params.get("part", ""))
    if part not in PARTS:
        raise NotFound(say("There is no such table."))
    report = await ask(services, viewer, asked_of(request.query_params))
    return as_csv(f"vigie-{part}.csv", _ROWS[part](report))


def as_csv(name: str, rows: Iterator[Sequence[object]]) -> Response[str]:
    """Rows as a file to keep. A cell that a spreadsheet would run as a formula is text there."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return Response(
        file.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _plain(cell: object) -> object:
    begins_formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if begins_formula else cell


def _day_rows(report: IncidentReport) -> Iterator[Sequence[object]]:
    yield "day", "created", "resolved", "mtta_mean_seconds", "mttr_mean_seconds"
    for each in report.by_day:
        yield (
            each.day,
            each.created,
            each.resolved,
            each.mtta.mean_seconds,
            each.mttr.mean_seconds,
        )


def _service_rows(report: IncidentReport) -> Iterator[Sequence[object]]:
    yield "service", "created", "mtta_mean_seconds", "mttr_mean_seconds"
    for each in report.by_service:
        yield each.service, each.created, each.mtta.mean_seconds, each.mttr.mean_seconds


def _hour_rows(report: IncidentReport) -> Iterator[Sequence[object]]:
    yield ("weekday", *(f"{hour:02}" for hour in range(24)))
    for place, row in enumerate(report.by_hour):
        yield (place + 1, *row)


def _noise_rows(report: IncidentReport) -> Iterator[Sequence[object]]:
    yield "service", "title", "incidents", "alerts", "latest"
    for each in report.noisiest:
        yield each.service, each.title, each.incidents, each.alerts, f"INC-{each.number}"


_ROWS = {
    "days": _day_rows,
    "services": _service_rows,
    "hours": _hour_rows,
    "noisiest": _noise_rows,
}
