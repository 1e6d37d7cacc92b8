"""``/services/{id}``: who answers for one service."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.configuration import ServiceView, TeamView
from web_ui.configuration import POLICIES, SERVICES, TEAMS
from web_ui.configured import Policy
from web_ui.forms import REFUSALS, Wrong, filled
from web_ui.notices import Asking
from web_ui.pages import catalogue
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer


@dataclass(frozen=True)
class ServicePage:
    """The context of the page."""

    stored: ServiceView
    typed: Mapping[str, str]
    wrong: Wrong
    teams: Sequence[TeamView]
    policies: Sequence[Policy]
    can_edit: bool


def address(which: UUID) -> str:
    """The page of a service."""
    return f"{catalogue.ADDRESS}/{which}"


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    which: UUID,
    reply: Reply = FIRST,
) -> Response[str]:
    asking, ask, token = Asking(), services.configuration, viewer.token
    stored = await ask.one(token, SERVICES, which)
    teams, policies = await asyncio.gather(
        asking.for_(ask.every(token, TEAMS)), asking.for_(ask.every(token, POLICIES))
    )
    now = {
        "name": stored.name,
        "team": str(stored.team.id),
        "policy": str(stored.policy.id) if stored.policy else "",
    }
    form = reply.form
    page = ServicePage(
        stored=stored,
        typed={name: form.one(name) for name in catalogue.FIELDS} if form else now,
        wrong=reply.wrong,
        teams=teams or (),
        policies=policies or (),
        can_edit=viewer.can_configure,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(request, "service", page, notices=notices, status=reply.status)


@get(f"{catalogue.ADDRESS}/{{service_id:uuid}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    service_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer, service_id)


@post(f"{catalogue.ADDRESS}/{{service_id:uuid}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    service_id: FromPath[UUID],
) -> Response[Any]:
    """Save the form."""
    form = await filled(request)
    changes = catalogue.command(form)
    try:
        await services.configuration.change(viewer.token, SERVICES, service_id, changes)
    except REFUSALS as error:
        return await _respond(request, services, viewer, service_id, refused(error, form))
    return accepted(services, address(service_id), topic=catalogue.TOPIC)


@post(f"{catalogue.ADDRESS}/{{service_id:uuid}}/remove", include_in_schema=False, status_code=200)
async def remove(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    service_id: FromPath[UUID],
) -> Response[Any]:
    """Remove it: the catch-all team answers from then on."""
    try:
        await services.configuration.remove(viewer.token, SERVICES, service_id)
    except REFUSALS as error:
        return await _respond(request, services, viewer, service_id, refused(error))
    return accepted(services, catalogue.ADDRESS, "removed", topic=catalogue.TOPIC)
