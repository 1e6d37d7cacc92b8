"""``/integrations``: what alerts come through, whether each is heard of, and what went wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from web_ui.ingested import Integration
from web_ui.integration_form import KINDS
from web_ui.notices import Asking
from web_ui.services import TheServices, TheViewer

ADDRESS = "/integrations"
TOPIC = "integrations"


@dataclass(frozen=True)
class IntegrationsPage:
    """The context of the page; ``integrations`` is None while alert-ingestion does not answer."""

    integrations: Sequence[Integration] | None
    kinds: Mapping[str, str]


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page; those that may send stand first."""
    asking = Asking()
    found = await asking.for_(services.ingestion.integrations(viewer.token))
    if found is not None:
        found = sorted(found, key=lambda one: (one.revoked_at is not None, one.name.casefold()))
    page = IntegrationsPage(found, KINDS)
    return services.renderer.page(
        request, "integrations", page, notices=asking.notices, lacking=found is None
    )
