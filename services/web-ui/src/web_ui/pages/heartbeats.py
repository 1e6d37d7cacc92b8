"""``/heartbeats``: what has to happen again and again, and whether it does."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post

from shared.contracts.wire import Ref, Severity
from shared.errors import FieldError, Invalid, NotFound
from web_ui.forms import REFUSALS, Wrong, filled
from web_ui.heartbeat_form import UNITS, command, fresh, name_of, refilled
from web_ui.ingested import Heartbeat
from web_ui.notices import Asking
from web_ui.pages import heartbeat
from web_ui.pages.alerts import senders_of
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.reading import sentence
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

# What is missed first, then what soon will be.
_ORDER = ("missed", "late", "new", "alive", "paused")


@dataclass(frozen=True)
class HeartbeatsPage:
    """The context of the page; ``heartbeats`` is None while alert-ingestion does not answer."""

    heartbeats: Sequence[Heartbeat] | None
    typed: Mapping[str, str]
    wrong: Wrong
    units: Mapping[str, tuple[int, str]]
    severities: Sequence[Severity]
    integrations: Sequence[Ref]
    can_edit: bool


async def _respond(
    request: Request[Any, Any, Any], services: Services, viewer: Viewer, reply: Reply = FIRST
) -> Response[str]:
    asking, ask = Asking(), services.ingestion
    found, senders = await asyncio.gather(
        asking.for_(ask.heartbeats(viewer.token)), asking.for_(senders_of(services, viewer))
    )
    page = HeartbeatsPage(
        heartbeats=None if found is None else sorted(found, key=_place),
        typed=refilled(reply.form) if reply.form else fresh(),
        wrong=reply.wrong,
        units=UNITS,
        severities=list(Severity),
        integrations=senders or (),
        can_edit=viewer.can_configure,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(
        request, "heartbeats", page, notices=notices, status=reply.status, lacking=found is None
    )


def _place(one: Heartbeat) -> tuple[int, str]:
    return (_ORDER.index(one.state) if one.state in _ORDER else len(_ORDER), one.name)


@get(heartbeat.LIST, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer)


@post(heartbeat.LIST, include_in_schema=False, status_code=200)
async def expect(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Expect another one, and go on to how it says that it happened."""
    form = await filled(request)
    try:
        name = name_of(form)
        await _refuse_taken(services, viewer, name)
        await services.ingestion.expect_heartbeat(viewer.token, name, command(form))
    except REFUSALS as error:
        return await _respond(request, services, viewer, refused(error, form))
    return accepted(services, heartbeat.address(name), "created", topic=heartbeat.TOPIC)


async def _refuse_taken(services: Services, viewer: Viewer, name: str) -> None:
    """One that is there would be changed without a word."""
    try:
        await services.ingestion.heartbeat(viewer.token, name)
    except NotFound:
        return
    raise Invalid([FieldError("name", sentence("is taken"))])
