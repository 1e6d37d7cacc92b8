"""``/people``: who there is, what they may do, and whether a page would reach them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from shared.contracts.configuration import TeamView
from web_ui.configuration import PEOPLE, TEAMS
from web_ui.notices import Asking
from web_ui.people import Person
from web_ui.services import TheServices, TheViewer

ADDRESS = "/people"
TOPIC = "people"


@dataclass(frozen=True)
class PeoplePage:
    """The context of the page; ``people`` is None while oncall-service does not answer."""

    people: Sequence[Person] | None
    teams: Mapping[UUID, Sequence[str]]
    can_edit: bool


def teams_of(teams: Sequence[TeamView]) -> dict[UUID, list[str]]:
    """The names of everybody's teams, by the person."""
    found: dict[UUID, list[str]] = {}
    for team in teams:
        for member in team.members:
            found.setdefault(member.id, []).append(team.name)
    return found


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    asking = Asking()
    people, teams = await asyncio.gather(
        asking.for_(services.configuration.every(viewer.token, PEOPLE)),
        asking.for_(services.configuration.every(viewer.token, TEAMS)),
    )
    page = PeoplePage(people, teams_of(teams or ()), viewer.can_configure)
    return services.renderer.page(
        request, "people", page, notices=asking.notices, lacking=people is None
    )
