"""``/acknowledge/<token>``: the page that a link in a message leads to, without a sign-in.

Looking at it changes nothing: scanners of mail open every link. The button acknowledges. So does
the button of a notification, whose service worker asks for JSON, for it says in a line what a page
says on a screen.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import MediaType, Request, Response, get, post
from litestar.params import PathParameter

from shared import links
from shared.contracts.incident_api import LinkView
from shared.contracts.incidents import Incident
from web_ui.reading import say
from web_ui.services import Services, TheServices

Token = Annotated[str, PathParameter(max_length=4000)]
ADDRESS = f"{links.PATH}{{token:str}}"

# Of what does nothing, so that the button of a notification can say that it did not work.
STATUS = {"invalid": 404, "expired": 410, "used": 409}

# The address is a key: it goes nowhere else, and into no index.
KEPT_TO_ITSELF = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True)
class AcknowledgePage:
    """The context of the page: what the link is about, and whether it was used just now."""

    outcome: str
    incident: Incident | None
    person: str
    by: str
    done: bool


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, token: Token
) -> Response[Any]:
    """The incident, and a button."""
    return _page(request, services, await services.incidents.look_at_link(token), done=False)


@post(ADDRESS, include_in_schema=False, status_code=200)
async def acknowledge(
    request: Request[Any, Any, Any], services: TheServices, token: Token
) -> Response[Any]:
    """Acknowledge, in the name of whom the message was sent to."""
    return _page(request, services, await services.incidents.use_link(token), done=True)


def _page(
    request: Request[Any, Any, Any], services: Services, link: LinkView, *, done: bool
) -> Response[Any]:
    page = AcknowledgePage(
        outcome=link.outcome,
        incident=link.incident,
        person=link.person.name if link.person else "",
        by=link.by or str(say("somebody")),
        done=done,
    )
    status = STATUS.get(link.outcome, 200)
    if request.headers.get("accept") == MediaType.JSON:
        answer = {"outcome": page.outcome, "by": page.by}
        return Response(answer, status_code=status, headers=KEPT_TO_ITSELF)
    response = services.renderer.page(request, "acknowledge", page, status=status)
    response.headers.update(KEPT_TO_ITSELF)
    return response
