"""``/incidents/{id}/why``: the ledger of an incident, from its alerts to the receipts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from shared.contracts.incident_api import IncidentWhy
from shared.contracts.oncall_api import RunWhyView
from web_ui.notices import Asking, Notice
from web_ui.pages.incident import reference_of
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer


@dataclass(frozen=True)
class WhyPage:
    """The context of the page; ``why`` is None while incident-management does not answer."""

    why: IncidentWhy | None

    @property
    def runs(self) -> Sequence[RunWhyView]:
        """Each time that paging began, the first one first."""
        return self.why.pages.runs if self.why and self.why.pages else ()


async def load(services: Services, viewer: Viewer, reference: str) -> tuple[WhyPage, list[Notice]]:
    """Ask for the ledger."""
    asking = Asking()
    incident = await services.incidents.get(viewer.token, reference_of(reference))
    why = await asking.for_(services.incidents.why(viewer.token, incident.id))
    return WhyPage(why), asking.notices


@get("/incidents/{incident:str}/why", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    incident: FromPath[str],
) -> Response[str]:
    """The page."""
    page, notices = await load(services, viewer, incident)
    return services.renderer.page(request, "incident_why", page, notices=notices)
