"""``/inbox/{id}``: one request as it came, why it was not understood, and its replay."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from web_ui.forms import REFUSALS
from web_ui.ingested import WholeRequest
from web_ui.pages import inbox
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer


@dataclass(frozen=True)
class InboxRequestPage:
    """The context of the page; ``body`` is indented where it is JSON."""

    stored: WholeRequest
    body: str
    waits: bool
    can_configure: bool


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    which: UUID,
    reply: Reply = FIRST,
) -> Response[str]:
    stored = await services.ingestion.request(viewer.token, which)
    page = InboxRequestPage(
        stored=stored,
        body=legible(stored),
        waits=stored.state in inbox.WAITING,
        can_configure=viewer.can_configure,
    )
    return services.renderer.page(
        request, "inbox_request", page, notices=reply.notices, status=reply.status
    )


def legible(stored: WholeRequest) -> str:
    """Its body; the order of names stays as it came."""
    if stored.encoding != "text" or stored.is_cut:
        return stored.body
    try:
        return json.dumps(json.loads(stored.body), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return stored.body


@get(f"{inbox.ADDRESS}/{{inbox_id:uuid}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    inbox_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer, inbox_id)


@post(f"{inbox.ADDRESS}/{{inbox_id:uuid}}/replay", include_in_schema=False, status_code=200)
async def replay(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    inbox_id: FromPath[UUID],
) -> Response[Any]:
    """Read it again, as its integration is now."""
    try:
        became = await services.ingestion.replay(viewer.token, inbox_id)
    except REFUSALS as error:
        return await _respond(request, services, viewer, inbox_id, refused(error))
    word = "not_replayed" if became.state in inbox.WAITING else "replayed"
    return accepted(services, f"{inbox.ADDRESS}/{inbox_id}", word, topic=inbox.TOPIC)
