"""``/schedules/{id}``: the layers of a schedule, who is on call by them, and what is open."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.configuration import TeamView
from shared.contracts.oncall_api import CalendarView, CoverageView, ShiftView
from web_ui.configuration import PEOPLE, SCHEDULES, TEAMS
from web_ui.configured import Schedule
from web_ui.forms import REFUSALS, Filled, Wrong, filled
from web_ui.notices import Asking
from web_ui.pages import schedules
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.people import Person
from web_ui.preferences import WEEKDAYS
from web_ui.schedule_form import (
    CUSTOM,
    DUTIES,
    EFFECTIVE,
    ON_HOLIDAYS,
    UNITS,
    LayerFields,
    ScheduleFields,
    of,
    read,
)
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer
from web_ui.zones import zone_names

LOOK_AHEAD = timedelta(days=28)
MOST_SHIFTS = 60


@dataclass(frozen=True)
class Choices:
    """What the form offers."""

    people: Sequence[Person]
    teams: Sequence[TeamView]
    zones: Sequence[str]
    duties: Sequence[str] = DUTIES
    weekdays: Sequence[str] = WEEKDAYS
    on_holidays: Mapping[str, str] = field(default_factory=lambda: ON_HOLIDAYS)
    effective: Mapping[str, str] = field(default_factory=lambda: EFFECTIVE)

    def units(self, layer: LayerFields) -> Mapping[str, str]:
        """What turns are counted in; days of a turn that was custom stay custom."""
        if layer.kind != CUSTOM:
            return UNITS
        return {CUSTOM if unit == "daily" else unit: name for unit, name in UNITS.items()}


@dataclass(frozen=True)
class SchedulePage:
    """The context of the page.

    ``typed`` is the form, ``stored`` what counts. ``coverage`` is what the form would leave open
    where that was asked for (``checked``), else what is open now; ``shifts`` are None while they
    cannot be asked for.
    """

    stored: Schedule
    typed: ScheduleFields
    wrong: Wrong
    checked: bool
    coverage: CoverageView | None
    shifts: Sequence[ShiftView] | None
    choices: Choices
    can_edit: bool


def address(which: UUID) -> str:
    """The page of a schedule."""
    return f"{schedules.ADDRESS}/{which}"


def merged(calendar: CalendarView | None) -> list[ShiftView] | None:
    """The shifts, those of the same people in one: calendars are cut where nobody changes."""
    if calendar is None:
        return None
    found: list[ShiftView] = []
    for shift in calendar.items:
        before = found[-1] if found else None
        if before is not None and _same(before, shift):
            found[-1] = before.model_copy(update={"end": shift.end})
        elif len(found) < MOST_SHIFTS:
            found.append(shift)
        else:
            break
    return found


def _same(one: ShiftView, other: ShiftView) -> bool:
    def who(shift: ShiftView) -> tuple[object, ...]:
        return shift.primary, shift.secondary, shift.source, shift.intended

    return one.end == other.start and who(one) == who(other)


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    which: UUID,
    *,
    typed: ScheduleFields | None = None,
    found: CoverageView | None = None,
    reply: Reply = FIRST,
) -> Response[str]:
    asking, ask, token = Asking(), services.configuration, viewer.token
    stored = await ask.one(token, SCHEDULES, which)
    until = services.clock.now() + LOOK_AHEAD
    people, teams, calendar, now = await asyncio.gather(
        asking.for_(ask.every(token, PEOPLE)),
        asking.for_(ask.every(token, TEAMS)),
        asking.for_(ask.calendar(token, stored.team.id, until)),
        asking.for_(_coverage(services, token, stored, found)),
    )
    page = SchedulePage(
        stored=stored,
        typed=typed or of(stored),
        wrong=reply.wrong,
        checked=found is not None,
        coverage=now,
        shifts=merged(calendar),
        choices=Choices(people or (), teams or (), zone_names()),
        can_edit=viewer.can_configure,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(request, "schedule", page, notices=notices, status=reply.status)


async def _coverage(
    services: Services, token: str, stored: Schedule, found: CoverageView | None
) -> CoverageView:
    return found or await services.configuration.coverage(token, stored.team.id)


@get(f"{schedules.ADDRESS}/{{schedule_id:uuid}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    schedule_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer, schedule_id)


@post(f"{schedules.ADDRESS}/{{schedule_id:uuid}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    schedule_id: FromPath[UUID],
) -> Response[Any]:
    """A button of the form: a part added, moved or removed, the check, or all of it saved."""
    form = await filled(request)
    typed = read(form)
    try:
        if form.one("do") == "check":
            found = await services.configuration.preview(
                viewer.token, {"schedule": typed.command()}
            )
            return await _respond(request, services, viewer, schedule_id, typed=typed, found=found)
        if not _saves(form):
            return await _respond(request, services, viewer, schedule_id, typed=typed)
        await services.configuration.change(viewer.token, SCHEDULES, schedule_id, typed.command())
    except REFUSALS as error:
        return await _respond(
            request, services, viewer, schedule_id, typed=typed, reply=refused(error, form)
        )
    return accepted(services, address(schedule_id), topic=schedules.TOPIC)


def _saves(form: Filled) -> bool:
    return form.one("do", "save") == "save"


@post(f"{schedules.ADDRESS}/{{schedule_id:uuid}}/remove", include_in_schema=False, status_code=200)
async def remove(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    schedule_id: FromPath[UUID],
) -> Response[Any]:
    """Remove it: its team has nobody on call from then on."""
    try:
        await services.configuration.remove(viewer.token, SCHEDULES, schedule_id)
    except REFUSALS as error:
        return await _respond(request, services, viewer, schedule_id, reply=refused(error))
    return accepted(services, schedules.ADDRESS, "removed", topic=schedules.TOPIC)
