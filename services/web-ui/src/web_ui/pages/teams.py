"""``/teams``: the teams, who is in them, and who of each is on call now."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from shared.contracts.configuration import TeamView
from shared.contracts.oncall_api import CurrentView
from web_ui.configuration import TEAMS
from web_ui.notices import Asking
from web_ui.services import TheServices, TheViewer

ADDRESS = "/teams"
TOPIC = "teams"


@dataclass(frozen=True)
class TeamsPage:
    """The context of the page; ``teams`` is None while oncall-service does not answer."""

    teams: Sequence[TeamView] | None
    duties: Mapping[UUID, CurrentView]
    can_edit: bool


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    asking = Asking()
    teams, duties = await asyncio.gather(
        asking.for_(services.configuration.every(viewer.token, TEAMS)),
        asking.for_(services.oncall.duties(viewer.token)),
    )
    page = TeamsPage(teams, {each.team.id: each for each in duties or ()}, viewer.can_configure)
    return services.renderer.page(
        request, "teams", page, notices=asking.notices, lacking=teams is None
    )
