"""``/schedules``: the schedules, and who is on call by each now."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from shared.contracts.oncall_api import CurrentView
from web_ui.configuration import SCHEDULES
from web_ui.configured import Schedule
from web_ui.notices import Asking
from web_ui.services import TheServices, TheViewer

ADDRESS = "/schedules"
TOPIC = "schedules"


@dataclass(frozen=True)
class SchedulesPage:
    """The context of the page; ``schedules`` is None while oncall-service does not answer."""

    schedules: Sequence[Schedule] | None
    duties: Mapping[UUID, CurrentView]
    can_edit: bool


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    asking = Asking()
    schedules, duties = await asyncio.gather(
        asking.for_(services.configuration.every(viewer.token, SCHEDULES)),
        asking.for_(services.oncall.duties(viewer.token)),
    )
    page = SchedulesPage(
        schedules, {each.team.id: each for each in duties or ()}, viewer.can_configure
    )
    return services.renderer.page(
        request, "schedules", page, notices=asking.notices, lacking=schedules is None
    )
