"""``/teams/new`` and ``/teams/{id}``: a team, who is in it, and what belongs to it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.configuration import ServiceView, TeamView
from shared.contracts.oncall_api import CurrentView
from shared.contracts.wire import Ref
from web_ui.configuration import PEOPLE, POLICIES, SCHEDULES, SERVICES, TEAMS
from web_ui.configured import Policy, Schedule
from web_ui.forms import REFUSALS, Filled, Wrong, filled
from web_ui.notices import Asking
from web_ui.pages import teams
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.people import Person
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer


class _Owned(Protocol):
    @property
    def team(self) -> Ref: ...


Thing = TypeVar("Thing", bound=_Owned)


@dataclass(frozen=True)
class TeamPage:
    """The context of the page; what is None could not be asked for, or is of a team to come."""

    stored: TeamView | None
    name: str
    members: Sequence[str]
    wrong: Wrong
    people: Sequence[Person]
    unreachable: Mapping[UUID, bool]
    duty: CurrentView | None
    schedules: Sequence[Schedule]
    policies: Sequence[Policy]
    services: Sequence[ServiceView]
    can_edit: bool


def address(which: UUID) -> str:
    """The page of a team."""
    return f"{teams.ADDRESS}/{which}"


def command(form: Filled) -> dict[str, Any]:
    """The form as oncall-service takes it."""
    return {"name": form.one("name"), "members": form.many("members")}


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    which: UUID | None,
    *,
    reply: Reply = FIRST,
) -> Response[str]:
    """The page, with what there is to say above it.

    Raises:
        NotFound: there is no such team.
        Down: oncall-service does not answer, so that nothing of it is known.
    """
    asking, ask, token = Asking(), services.configuration, viewer.token
    stored = None if which is None else await ask.one(token, TEAMS, which)
    people, schedules, policies, directory, duty = await asyncio.gather(
        asking.for_(ask.every(token, PEOPLE)),
        asking.for_(ask.every(token, SCHEDULES)),
        asking.for_(ask.every(token, POLICIES)),
        asking.for_(ask.every(token, SERVICES)),
        asking.for_(_duty(services, token, which)),
    )
    form = reply.form
    page = TeamPage(
        stored=stored,
        name=form.one("name") if form else stored.name if stored else "",
        members=form.many("members") if form else _members(stored),
        wrong=reply.wrong,
        people=people or (),
        unreachable={each.id: not each.reachable for each in people or ()},
        duty=duty,
        schedules=_of(which, schedules),
        policies=_of(which, policies),
        services=_of(which, directory),
        can_edit=viewer.can_configure,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(request, "team", page, notices=notices, status=reply.status)


async def _duty(services: Services, token: str, which: UUID | None) -> CurrentView | None:
    return None if which is None else await services.configuration.on_call(token, which)


def _members(stored: TeamView | None) -> list[str]:
    return [str(member.id) for member in stored.members] if stored else []


def _of(which: UUID | None, things: Sequence[Thing] | None) -> list[Thing]:
    return [each for each in things or () if each.team.id == which]


@get(f"{teams.ADDRESS}/new", include_in_schema=False)
async def new(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The form for a new one."""
    return await respond(request, services, viewer, None)


@get(f"{teams.ADDRESS}/{{team_id:uuid}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    team_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    return await respond(request, services, viewer, team_id)


@post(teams.ADDRESS, include_in_schema=False, status_code=200)
async def create(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Add a team, and go on to its schedule and policy."""
    form = await filled(request)
    try:
        made = await services.configuration.create(viewer.token, TEAMS, command(form))
    except REFUSALS as error:
        return await respond(request, services, viewer, None, reply=refused(error, form))
    return accepted(services, address(made.id), "created_team", topic=teams.TOPIC)


@post(f"{teams.ADDRESS}/{{team_id:uuid}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    team_id: FromPath[UUID],
) -> Response[Any]:
    """Save the form."""
    form = await filled(request)
    try:
        await services.configuration.change(viewer.token, TEAMS, team_id, command(form))
    except REFUSALS as error:
        return await respond(request, services, viewer, team_id, reply=refused(error, form))
    return accepted(services, address(team_id), topic=teams.TOPIC)


@post(f"{teams.ADDRESS}/{{team_id:uuid}}/remove", include_in_schema=False, status_code=200)
async def remove(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    team_id: FromPath[UUID],
) -> Response[Any]:
    """Remove it, unless it owns something."""
    try:
        await services.configuration.remove(viewer.token, TEAMS, team_id)
    except REFUSALS as error:
        return await respond(request, services, viewer, team_id, reply=refused(error))
    return accepted(services, teams.ADDRESS, "removed", topic=teams.TOPIC)
