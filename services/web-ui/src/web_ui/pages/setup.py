"""``/setup``: the first steps of a new installation, each with whether it is done."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from web_ui.first_steps import FirstSteps, first_steps
from web_ui.services import TheServices, TheViewer

ADDRESS = "/setup"


@dataclass(frozen=True)
class SetupPage:
    """The context of the page."""

    first: FirstSteps
    can_edit: bool


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    page = SetupPage(await first_steps(services, viewer), viewer.can_configure)
    return services.renderer.page(request, "setup", page)
