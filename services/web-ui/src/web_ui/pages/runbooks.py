"""``/runbooks`` and ``/runbooks/<alert>``: where an alert about the platform links to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from shared.errors import NotFound
from web_ui.runbooks import PATH, Runbook
from web_ui.services import TheServices, TheViewer


@dataclass(frozen=True)
class RunbooksPage:
    """The context of the page: one of them, or the list of all."""

    every: Sequence[Runbook]
    shown: Runbook | None = None


@get(PATH, include_in_schema=False)
async def index(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """All of them."""
    del viewer
    page = RunbooksPage(every=list(services.runbooks.values()))
    return services.renderer.page(request, "runbooks", page)


@get(f"{PATH}/{{name:str}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer, name: FromPath[str]
) -> Response[str]:
    """One of them."""
    del viewer
    found = services.runbooks.get(name)
    if found is None:
        raise NotFound("No alert about the platform has this name.")
    page = RunbooksPage(every=list(services.runbooks.values()), shown=found)
    return services.renderer.page(request, "runbooks", page)
