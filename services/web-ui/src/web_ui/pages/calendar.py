"""``/calendar``: the coming weeks of every team as a picture, and what is put over the layers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get

from shared.contracts.oncall_api import CalendarView
from shared.contracts.rota import FeedView, OverrideView, SwapView
from shared.contracts.wire import Ref
from web_ui import calendar_picture, reading
from web_ui.addresses import with_query
from web_ui.calendar_picture import Picture
from web_ui.configuration import SCHEDULES
from web_ui.filters import Choice
from web_ui.forms import Filled
from web_ui.notices import Asking, Notice
from web_ui.reading import say
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

PATH = "/calendar"
WEEKS = 4
# Further than the API looks ahead, or back, there is nothing to draw.
FURTHEST = timedelta(days=366)
OWN_ZONE = "schedule"
NOTHING = Filled()


@dataclass(frozen=True)
class Drawn:
    """The calendar of a team as a picture, in the zone of that name."""

    calendar: CalendarView
    picture: Picture
    zone: str


@dataclass(frozen=True)
class View:
    """What of the calendar an address shows; ``team`` empty: all."""

    first: date
    team: str = ""
    own_zone: bool = False

    def address(self, *, weeks: int = 0) -> str:
        """The page, or the one so many weeks later."""
        return with_query(
            PATH,
            team=self.team,
            first=(self.first + timedelta(weeks=weeks)).isoformat(),
            zone=OWN_ZONE if self.own_zone else None,
        )


@dataclass(frozen=True)
class CalendarPage:
    """The context of the page. What is None could not be asked for.

    ``made`` is the address of a calendar that was just made, shown this once.
    """

    drawn: Sequence[Drawn] | None
    schedules: Sequence[Ref]
    overrides: Sequence[OverrideView]
    swaps: Sequence[SwapView]
    feeds: Sequence[FeedView]
    people: Sequence[Ref]
    here: str
    earlier: str
    later: str
    choices: Sequence[Choice]
    can_act: bool
    viewer_id: str
    made: str
    form: Filled


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    *,
    notices: Sequence[Notice] = (),
    status: int = 200,
    made: str = "",
    form: Filled = NOTHING,
) -> Response[str]:
    """The page, with what there is to say above it."""
    page, more = await load(services, viewer, request.query_params, made=made, form=form)
    everything = [*notices, *more]
    return services.renderer.page(
        request, "calendar", page, notices=everything, status=status, lacking=page.drawn is None
    )


async def load(
    services: Services, viewer: Viewer, query: Any, *, made: str, form: Filled
) -> tuple[CalendarPage, list[Notice]]:
    """Ask for everything at the same time."""
    asking, token, rota = Asking(), viewer.token, services.rota
    now = services.clock.now()
    here = reading.current().zone
    team, own = str(query.get("team", "")), query.get("zone") == OWN_ZONE
    view = View(_first(query.get("first"), now, here), team, own)
    start, end = _around(view.first, here)
    calendars, overrides, swaps, feeds, people, schedules = await asyncio.gather(
        asking.for_(rota.calendars(token, start, end)),
        asking.for_(rota.overrides(token, now)),
        asking.for_(rota.swaps(token)),
        asking.for_(rota.feeds(token)),
        asking.for_(services.oncall.everybody(token)),
        asking.for_(services.configuration.every(token, SCHEDULES)),
    )
    scheduled = [one for one in calendars or () if one.schedule is not None]
    page = CalendarPage(
        drawn=(
            None
            if calendars is None
            else [_draw(one, view, now) for one in scheduled if team in {"", str(one.team.id)}]
        ),
        schedules=[Ref(id=one.id, name=one.name) for one in schedules or ()],
        overrides=[one for one in overrides or () if one.end > now],
        swaps=swaps or (),
        feeds=[one for one in feeds or () if one.revoked_at is None],
        people=people or (),
        here=view.address(),
        earlier=view.address(weeks=-WEEKS),
        later=view.address(weeks=WEEKS),
        choices=_choices(view, [one.team for one in scheduled]),
        can_act=viewer.can_act,
        viewer_id=viewer.id,
        made=made,
        form=form,
    )
    return page, asking.notices


def _draw(calendar: CalendarView, view: View, now: datetime) -> Drawn:
    reader = reading.current()
    name = calendar.time_zone if view.own_zone else reader.zone_name
    zone: tzinfo = ZoneInfo(name) if view.own_zone else reader.zone
    picture = calendar_picture.draw(calendar, view.first, WEEKS, zone, now)
    return Drawn(calendar, picture, name)


def _choices(view: View, teams: Sequence[Ref]) -> list[Choice]:
    mine, theirs = replace(view, own_zone=False), replace(view, own_zone=True)
    found = [
        Choice(say("In my zone"), mine.address(), not view.own_zone),
        Choice(say("In the zone of the schedule"), theirs.address(), view.own_zone),
    ]
    if len(teams) < 2:
        return found
    return [
        *found,
        Choice(say("All teams"), replace(view, team="").address(), not view.team),
        *(
            Choice(team.name, replace(view, team=str(team.id)).address(), view.team == str(team.id))
            for team in teams
        ),
    ]


def _first(text: str | None, now: datetime, zone: tzinfo) -> date:
    """The week of an address, or this one where it names none that can be shown."""
    today = now.astimezone(zone).date()
    try:
        wanted = date.fromisoformat(text or "")
    except ValueError:
        wanted = today
    if abs(wanted - today) > FURTHEST:
        wanted = today
    return calendar_picture.monday(wanted)


def _around(first: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Wide enough for every zone that it may be looked at in."""
    start, end = calendar_picture.bounds(first, WEEKS, zone)
    day = timedelta(days=1)
    return (start - day).astimezone(UTC), (end + day).astimezone(UTC)


@get(PATH, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    return await respond(request, services, viewer)
