"""``/policies``: the escalation policies, and whom each pages in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from web_ui.configuration import POLICIES
from web_ui.configured import Policy
from web_ui.notices import Asking
from web_ui.services import TheServices, TheViewer

ADDRESS = "/policies"
TOPIC = "policies"


@dataclass(frozen=True)
class PoliciesPage:
    """The context of the page; ``policies`` is None while oncall-service does not answer."""

    policies: Sequence[Policy] | None
    can_edit: bool


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    asking = Asking()
    policies = await asking.for_(services.configuration.every(viewer.token, POLICIES))
    page = PoliciesPage(policies, viewer.can_configure)
    return services.renderer.page(
        request, "policies", page, notices=asking.notices, lacking=policies is None
    )
