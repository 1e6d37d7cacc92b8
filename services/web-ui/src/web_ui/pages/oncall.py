"""``/oncall``: who is on call in each team, until when, and who comes next."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response, get

from shared.contracts.oncall_api import CalendarView, CurrentView
from shared.contracts.wire import Ref
from web_ui.coverage import Uncovered, uncovered
from web_ui.notices import Asking, Notice
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

NEXT_HANDOFFS = 5
LOOK_AHEAD = timedelta(days=60)


@dataclass(frozen=True)
class HandOff:
    """From ``at`` on, ``primary`` is on call; nobody when it is a gap."""

    at: datetime
    primary: Ref | None
    secondary: Ref | None


@dataclass(frozen=True)
class TeamCard:
    """A team's duty, and its next hand-offs (None while they cannot be asked for)."""

    duty: CurrentView
    hand_offs: Sequence[HandOff] | None
    time_zone: str | None
    gap_ahead: datetime | None


@dataclass(frozen=True)
class OnCallPage:
    """The context of the page; ``teams`` is None while oncall-service does not answer."""

    teams: Sequence[TeamCard] | None
    uncovered: Uncovered | None = None


def hand_offs(calendar: CalendarView, now: datetime) -> list[HandOff]:
    """The coming changes of who is on call.

    A calendar may be cut where nobody changes (midnight, the edge of a layer): those are not
    hand-offs.
    """
    changes: list[HandOff] = []
    before: tuple[Ref | None, Ref | None] | None = None
    for shift in calendar.items:
        people = (shift.primary, shift.secondary)
        if shift.start > now and before is not None and people != before:
            changes.append(HandOff(shift.start, *people))
        before = people
    return changes


async def load(services: Services, viewer: Viewer) -> tuple[OnCallPage, list[Notice]]:
    """Ask for the duties and the calendars of all teams."""
    asking = Asking()
    now = services.clock.now()
    duties, calendars, holes = await asyncio.gather(
        asking.for_(services.oncall.duties(viewer.token)),
        asking.for_(services.oncall.calendars(viewer.token, now + LOOK_AHEAD)),
        uncovered(services.oncall, viewer.token, now),
    )
    if duties is None:
        return OnCallPage(None), asking.notices
    of_team = {calendar.team.id: calendar for calendar in calendars or ()}
    cards = [_card(duty, of_team.get(duty.team.id), now) for duty in duties]
    return OnCallPage(cards, holes), asking.notices


def _card(duty: CurrentView, calendar: CalendarView | None, now: datetime) -> TeamCard:
    if calendar is None:
        return TeamCard(duty, None, None, None)
    coming = hand_offs(calendar, now)
    gap = next((change.at for change in coming if change.primary is None), None)
    time_zone = calendar.time_zone if calendar.schedule else None
    return TeamCard(duty, coming[:NEXT_HANDOFFS], time_zone, gap)


@get("/oncall", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    page, notices = await load(services, viewer)
    return services.renderer.page(
        request, "oncall", page, notices=notices, lacking=page.teams is None
    )
