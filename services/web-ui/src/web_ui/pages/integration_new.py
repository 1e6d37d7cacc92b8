"""``/integrations/new``: let a sender in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post

from web_ui.forms import REFUSALS, Wrong, filled
from web_ui.ingested import ReadyMapping
from web_ui.integration_form import KINDS, READY, fresh
from web_ui.notices import Asking
from web_ui.pages import integration, integrations
from web_ui.pages.answers import FIRST, Reply, refused
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

FIELDS = ("name", "kind")


@dataclass(frozen=True)
class IntegrationNewPage:
    """The context of the page; ``ready`` are senders that a mapping is ready for."""

    typed: Mapping[str, str]
    wrong: Wrong
    kinds: Mapping[str, str]
    ready: Sequence[ReadyMapping]
    prefix: str


async def _respond(
    request: Request[Any, Any, Any], services: Services, viewer: Viewer, reply: Reply = FIRST
) -> Response[str]:
    asking, form = Asking(), reply.form
    page = IntegrationNewPage(
        typed={name: form.one(name) if form else "" for name in FIELDS},
        wrong=reply.wrong,
        kinds=KINDS,
        ready=await asking.for_(services.ingestion.ready_mappings(viewer.token)) or (),
        prefix=READY,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(
        request, "integration_new", page, notices=notices, status=reply.status
    )


@get(f"{integrations.ADDRESS}/new", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer)


@post(integrations.ADDRESS, include_in_schema=False, status_code=200)
async def create(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """Let it in, and show its key this once, in what is to be pasted at the sender."""
    form = await filled(request)
    try:
        made = await services.ingestion.create_integration(viewer.token, fresh(form))
    except REFUSALS as error:
        return await _respond(request, services, viewer, refused(error, form))
    services.broadcast.publish(integrations.TOPIC, "")
    return integration.shown(request, services, made, integration.Said(key=made.key))
