"""``/heartbeats/{name}``: what is expected of one, and how it says that it happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.wire import Ref, Severity
from web_ui.forms import REFUSALS, Wrong, filled
from web_ui.heartbeat_form import UNITS, command, refilled, typed
from web_ui.ingested import Heartbeat
from web_ui.notices import Asking
from web_ui.pages.alerts import senders_of
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.services import Services, TheServices, TheViewer
from web_ui.snippets import Snippet, of_heartbeat
from web_ui.viewer import Viewer

LIST = "/heartbeats"
TOPIC = "heartbeats"


@dataclass(frozen=True)
class HeartbeatPage:
    """The context of the page."""

    stored: Heartbeat
    there: str
    snippets: Sequence[Snippet]
    typed: Mapping[str, str]
    wrong: Wrong
    units: Mapping[str, tuple[int, str]]
    severities: Sequence[Severity]
    integrations: Sequence[Ref]
    can_edit: bool


def address(name: str) -> str:
    """The page of a heartbeat."""
    return f"{LIST}/{quote(name, safe='')}"


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    name: str,
    reply: Reply = FIRST,
) -> Response[str]:
    asking = Asking()
    stored = await services.ingestion.heartbeat(viewer.token, name)
    senders = await asking.for_(senders_of(services, viewer))
    page = HeartbeatPage(
        stored=stored,
        there=address(stored.name),
        snippets=of_heartbeat(stored.name, services.senders_address),
        typed=refilled(reply.form) if reply.form else typed(stored),
        wrong=reply.wrong,
        units=UNITS,
        severities=list(Severity),
        integrations=senders or [stored.integration],
        can_edit=viewer.can_configure,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(request, "heartbeat", page, notices=notices, status=reply.status)


@get(f"{LIST}/{{name:str}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    name: FromPath[str],
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer, name)


@post(f"{LIST}/{{name:str}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    name: FromPath[str],
) -> Response[Any]:
    """Change what is expected; one that is gone is not made anew by that."""
    form = await filled(request)
    ask = services.ingestion
    await ask.heartbeat(viewer.token, name)
    try:
        await ask.expect_heartbeat(viewer.token, name, command(form))
    except REFUSALS as error:
        return await _respond(request, services, viewer, name, refused(error, form))
    return accepted(services, address(name), topic=TOPIC)


@post(f"{LIST}/{{name:str}}/remove", include_in_schema=False, status_code=200)
async def remove(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    name: FromPath[str],
) -> Response[Any]:
    """Expect it no more."""
    try:
        await services.ingestion.forget_heartbeat(viewer.token, name)
    except REFUSALS as error:
        return await _respond(request, services, viewer, name, refused(error))
    return accepted(services, LIST, "removed", topic=TOPIC)
