"""``/services``: which team answers for which service, and by which policy."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post

from shared.contracts.configuration import ServiceView, TeamView
from web_ui.configuration import POLICIES, SERVICES, TEAMS
from web_ui.configured import Policy
from web_ui.forms import REFUSALS, Filled, Wrong, filled
from web_ui.notices import Asking
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

ADDRESS = "/services"
TOPIC = "services"
FIELDS = ("name", "team", "policy")


@dataclass(frozen=True)
class CataloguePage:
    """The context of the page; ``services`` is None while oncall-service does not answer.

    ``typed`` are the fields of the form for another one; ``catch_all`` is the team that answers for
    all that stand not here.
    """

    services: Sequence[ServiceView] | None
    typed: Mapping[str, str]
    wrong: Wrong
    teams: Sequence[TeamView]
    policies: Sequence[Policy]
    can_edit: bool

    @property
    def catch_all(self) -> TeamView | None:
        """The team that answers for every service nobody claimed."""
        return next((team for team in self.teams if team.catch_all), None)


def command(form: Filled) -> dict[str, Any]:
    """The form as oncall-service takes it; no policy is the team's own."""
    return {
        "name": form.one("name"),
        "team": form.one("team"),
        "policy": form.one("policy") or None,
    }


async def _respond(
    request: Request[Any, Any, Any], services: Services, viewer: Viewer, reply: Reply = FIRST
) -> Response[str]:
    asking, ask, token = Asking(), services.configuration, viewer.token
    directory, teams, policies = await asyncio.gather(
        asking.for_(ask.every(token, SERVICES)),
        asking.for_(ask.every(token, TEAMS)),
        asking.for_(ask.every(token, POLICIES)),
    )
    # A link from a team, or from an alert of a service that nobody claimed, fills in what it knows.
    known = {name: request.query_params.get(name, "")[:500] for name in FIELDS}
    form = reply.form
    page = CataloguePage(
        services=directory,
        typed={name: form.one(name) for name in FIELDS} if form else known,
        wrong=reply.wrong,
        teams=teams or (),
        policies=policies or (),
        can_edit=viewer.can_configure,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(
        request, "catalogue", page, notices=notices, status=reply.status, lacking=directory is None
    )


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer)


@post(ADDRESS, include_in_schema=False, status_code=200)
async def create(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Say which team answers for a service."""
    form = await filled(request)
    try:
        await services.configuration.create(viewer.token, SERVICES, command(form))
    except REFUSALS as error:
        return await _respond(request, services, viewer, refused(error, form))
    return accepted(services, ADDRESS, "created", topic=TOPIC)
