"""``/incidents/new``: somebody noticed before any alert did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from shared.contracts.wire import Severity
from web_ui.forms import REFUSALS, Filled, Wrong, filled, refusal, wrong
from web_ui.notices import Asking, Notice
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

ADDRESS = "/incidents/new"


@dataclass(frozen=True)
class NewIncidentPage:
    """The context of the page; ``known`` are the services somebody answers for."""

    filled: Filled
    wrong: Wrong
    severities: Sequence[Severity]
    known: Sequence[str]
    can_act: bool


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    form: Filled,
    *,
    failed: Wrong | None = None,
    notices: Sequence[Notice] = (),
    status: int = 200,
) -> Response[str]:
    """The form, with what was typed before."""
    asking = Asking()
    known = await asking.for_(services.oncall.known_services(viewer.token))
    page = NewIncidentPage(form, failed or Wrong(), list(Severity), known or (), viewer.can_act)
    everything = [*notices, *asking.notices]
    return services.renderer.page(request, "incident_new", page, notices=everything, status=status)


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The form."""
    return await respond(request, services, viewer, Filled())


@post(ADDRESS, include_in_schema=False, status_code=200)
async def open_one(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Open it; the people on call are paged as for any other."""
    form = await filled(request)
    try:
        opened = await services.incidents.open_by_hand(
            viewer.token,
            form.one("title"),
            form.one("service"),
            form.one("severity"),
            form.one("message"),
        )
    except REFUSALS as error:
        return await respond(
            request,
            services,
            viewer,
            form,
            failed=wrong(error),
            notices=[refusal(error)],
            status=error.status,
        )
    page = f"/incidents/{opened.id}"
    return Redirect(page, status_code=303, cookies=[services.cookies.receipt("opened", page)])
