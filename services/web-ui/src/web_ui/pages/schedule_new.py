"""``/schedules/new``: the first form of a schedule, a single rotation."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post

from shared.contracts.configuration import TeamView
from shared.contracts.oncall_api import CoverageView
from web_ui import reading
from web_ui.configuration import PEOPLE, SCHEDULES, TEAMS
from web_ui.forms import REFUSALS, Wrong, filled
from web_ui.notices import Asking
from web_ui.pages import schedules
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.people import Person
from web_ui.preferences import WEEKDAYS
from web_ui.reading import sentence
from web_ui.schedule_form import CUSTOM, SimpleFields, read_simple
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer
from web_ui.zones import zone_names

KINDS: Mapping[str, str] = {
    "weekly": sentence("Every week"),
    "daily": sentence("Every day"),
    CUSTOM: sentence("After so many days"),
}


@dataclass(frozen=True)
class ScheduleNewPage:
    """The context of the page; ``coverage`` is what was found when it was asked for."""

    typed: SimpleFields
    wrong: Wrong
    coverage: CoverageView | None
    people: Sequence[Person]
    teams: Sequence[TeamView]
    kinds: Mapping[str, str]
    weekdays: Sequence[str]
    zones: Sequence[str]
    can_edit: bool


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    typed: SimpleFields,
    *,
    reply: Reply = FIRST,
    coverage: CoverageView | None = None,
) -> Response[str]:
    asking = Asking()
    people, teams = await asyncio.gather(
        asking.for_(services.configuration.every(viewer.token, PEOPLE)),
        asking.for_(services.configuration.every(viewer.token, TEAMS)),
    )
    page = ScheduleNewPage(
        typed=typed,
        wrong=reply.wrong,
        coverage=coverage,
        people=people or (),
        teams=teams or (),
        kinds=KINDS,
        weekdays=WEEKDAYS,
        zones=zone_names(),
        can_edit=viewer.can_configure,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(
        request, "schedule_new", page, notices=notices, status=reply.status
    )


@get(f"{schedules.ADDRESS}/new", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The form, for the team that the address may name, from today on."""
    reader = reading.current()
    typed = SimpleFields(
        team=request.query_params.get("team", "")[:100],
        time_zone=reader.zone_name,
        start=services.clock.now().astimezone(reader.zone).date().isoformat(),
    )
    return await _respond(request, services, viewer, typed)


@post(schedules.ADDRESS, include_in_schema=False, status_code=200)
async def create(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """A button of the form: another field, the check, or the schedule itself."""
    form = await filled(request)
    typed = read_simple(form)
    action = form.one("do")
    try:
        if action == "check":
            asked = {"schedule": typed.command()}
            found = await services.configuration.preview(viewer.token, asked)
            return await _respond(request, services, viewer, typed, coverage=found)
        if action not in {"", "save"}:
            return await _respond(request, services, viewer, typed)
        made = await services.configuration.create(viewer.token, SCHEDULES, typed.command())
    except REFUSALS as error:
        return await _respond(request, services, viewer, typed, reply=refused(error, form))
    path = f"{schedules.ADDRESS}/{made.id}"
    return accepted(services, path, "created_schedule", topic=schedules.TOPIC)
