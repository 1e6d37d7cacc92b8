"""``/integrations/{id}``: a sender, its key and what to paste, a test alert, its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.wire import Severity
from shared.errors import NotFound
from web_ui.forms import REFUSALS, Wrong, filled
from web_ui.ingested import Became, Integration
from web_ui.integration_form import KINDS, changes, refilled, typed
from web_ui.pages import integrations
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.reading import say
from web_ui.services import Services, TheServices, TheViewer
from web_ui.snippets import NO_KEY, Snippet, of_sender
from web_ui.viewer import Viewer

OVERLAPS = (0, 3600, 86_400, 604_800)
"""Seconds for which the key before is good beside a new one."""

Switch = Literal["pause", "resume", "revoke"]
_RECEIPTS = {"pause": "paused", "resume": "resumed", "revoke": "revoked_integration"}


@dataclass(frozen=True)
class Said:
    """What is shown this once: a key made just now, or what became of a test alert."""

    key: str = ""
    tested: Became | None = None
    reply: Reply = FIRST


@dataclass(frozen=True)
class IntegrationPage:
    """The context of the page."""

    stored: Integration
    key: str
    tested: Became | None
    snippets: Sequence[Snippet]
    typed: Mapping[str, str]
    wrong: Wrong
    kinds: Mapping[str, str]
    severities: Sequence[Severity]
    overlaps: Sequence[int]


def address(which: UUID) -> str:
    """The page of an integration."""
    return f"{integrations.ADDRESS}/{which}"


def shown(
    request: Request[Any, Any, Any],
    services: Services,
    stored: Integration,
    said: Said,
) -> Response[str]:
    """The page, with what there is to say once."""
    form, reply = said.reply.form, said.reply
    # Of the forms of the page only that of the settings names a kind.
    settings = refilled(form) if form is not None and form.has("kind") else typed(stored)
    page = IntegrationPage(
        stored=stored,
        key=said.key,
        tested=said.tested,
        snippets=of_sender(stored.kind, stored.ready, services.senders_address, said.key or NO_KEY),
        typed=settings,
        wrong=reply.wrong,
        kinds=KINDS,
        severities=list(Severity),
        overlaps=OVERLAPS,
    )
    return services.renderer.page(
        request, "integration", page, notices=reply.notices, status=reply.status
    )


async def _again(
    request: Request[Any, Any, Any], services: Services, viewer: Viewer, which: UUID, said: Said
) -> Response[str]:
    """The page of what is stored now."""
    stored = await services.ingestion.integration(viewer.token, which)
    return shown(request, services, stored, said)


@get(f"{integrations.ADDRESS}/{{integration_id:uuid}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    integration_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    return await _again(request, services, viewer, integration_id, Said())


@post(f"{integrations.ADDRESS}/{{integration_id:uuid}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    integration_id: FromPath[UUID],
) -> Response[Any]:
    """Save its settings."""
    form = await filled(request)
    ask = services.ingestion
    try:
        await ask.change_integration(viewer.token, integration_id, changes(form))
    except REFUSALS as error:
        said = Said(reply=refused(error, form))
        return await _again(request, services, viewer, integration_id, said)
    return accepted(services, address(integration_id), topic=integrations.TOPIC)


@post(
    f"{integrations.ADDRESS}/{{integration_id:uuid}}/rotate",
    include_in_schema=False,
    status_code=200,
)
async def rotate(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    integration_id: FromPath[UUID],
) -> Response[str]:
    """Give it another key, and show that this once."""
    form = await filled(request)
    ask = services.ingestion
    try:
        overlap = form.number("overlap") or 0
        made = await ask.rotate_key(viewer.token, integration_id, overlap)
    except REFUSALS as error:
        said = Said(reply=refused(error, form))
        return await _again(request, services, viewer, integration_id, said)
    services.broadcast.publish(integrations.TOPIC, "")
    return shown(request, services, made, Said(key=made.key))


@post(
    f"{integrations.ADDRESS}/{{integration_id:uuid}}/test",
    include_in_schema=False,
    status_code=200,
)
async def send_test(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    integration_id: FromPath[UUID],
) -> Response[str]:
    """Send an alert in its name all the way, and lead to the incident that it opened."""
    form = await filled(request)
    ask = services.ingestion
    said = Said()
    try:
        command = {"severity": form.one("severity"), "service": form.one("service") or None}
        tested = await ask.send_test(viewer.token, integration_id, command)
        services.broadcast.publish(integrations.TOPIC, "")
        said = Said(tested=tested)
    except REFUSALS as error:
        said = Said(reply=refused(error, form))
    return await _again(request, services, viewer, integration_id, said)


@post(
    f"{integrations.ADDRESS}/{{integration_id:uuid}}/{{verb:str}}",
    include_in_schema=False,
    status_code=200,
)
async def switch(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    integration_id: FromPath[UUID],
    verb: FromPath[str],
) -> Response[Any]:
    """Pause, resume or revoke it."""
    if verb not in get_args(Switch):
        raise NotFound(say("The address is wrong, or the page has moved."))
    ask = services.ingestion
    try:
        await ask.switch_integration(viewer.token, integration_id, verb)
    except REFUSALS as error:
        said = Said(reply=refused(error))
        return await _again(request, services, viewer, integration_id, said)
    return accepted(services, address(integration_id), _RECEIPTS[verb], topic=integrations.TOPIC)
