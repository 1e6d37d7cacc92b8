"""``/silences/new`` and ``/silences/{id}``: a silence, and which open alerts it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.wire import Ref
from web_ui import reading
from web_ui.forms import REFUSALS, Filled, Wrong, filled
from web_ui.ingested import Preview, Silence
from web_ui.notices import Asking
from web_ui.pages import silences
from web_ui.pages.alerts import senders_of
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.services import Services, TheServices, TheViewer
from web_ui.silence_form import DAYS, REPEATS, SilenceFields, of_silence, read
from web_ui.viewer import Viewer
from web_ui.zones import zone_names

LONGEST = 4000


@dataclass(frozen=True)
class SilencePage:
    """The context of the page; ``found`` is None until somebody asked what it would be about."""

    stored: Silence | None
    typed: SilenceFields
    wrong: Wrong
    repeats: Mapping[str, str]
    days: Mapping[str, str]
    zones: Sequence[str]
    integrations: Sequence[Ref]
    found: Preview | None
    can_act: bool


@dataclass(frozen=True)
class _Shown:
    """What a button led to."""

    typed: SilenceFields
    found: Preview | None = None
    reply: Reply = FIRST


def address(which: UUID) -> str:
    """The page of a silence."""
    return f"{silences.ADDRESS}/{which}"


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    stored: Silence | None,
    shown: _Shown,
) -> Response[str]:
    asking, reply = Asking(), shown.reply
    page = SilencePage(
        stored=stored,
        typed=shown.typed,
        wrong=reply.wrong,
        repeats=REPEATS,
        days=DAYS,
        zones=zone_names(),
        integrations=await asking.for_(senders_of(services, viewer)) or (),
        found=shown.found,
        can_act=viewer.can_act,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(request, "silence", page, notices=notices, status=reply.status)


@get(f"{silences.ADDRESS}/new", include_in_schema=False)
async def new(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The form for a new one; an alert's page says what it looks for."""
    typed = SilenceFields(
        matchers=request.query_params.get("matchers", "")[:LONGEST],
        zone=reading.current().zone_name,
    )
    return await _respond(request, services, viewer, None, _Shown(typed))


@get(f"{silences.ADDRESS}/{{silence_id:uuid}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    silence_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    stored = await services.ingestion.silence(viewer.token, silence_id)
    shown = _Shown(of_silence(stored, reading.current().zone_name))
    return await _respond(request, services, viewer, stored, shown)


@post(silences.ADDRESS, include_in_schema=False, status_code=200)
async def create(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """A button of the form for a new one."""
    return await _press(request, services, viewer, None, await filled(request))


@post(f"{silences.ADDRESS}/{{silence_id:uuid}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    silence_id: FromPath[UUID],
) -> Response[Any]:
    """A button of the form."""
    stored = await services.ingestion.silence(viewer.token, silence_id)
    return await _press(request, services, viewer, stored, await filled(request))


async def _press(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    stored: Silence | None,
    form: Filled,
) -> Response[Any]:
    """See what it would be about, or save it."""
    typed, ask = read(form), services.ingestion
    try:
        wanted = typed.command(services.clock.now())
        if form.one("do") == "preview":
            found = await ask.preview_silence(viewer.token, _about(wanted, stored))
            return await _respond(request, services, viewer, stored, _Shown(typed, found))
        if stored is None:
            saved = await ask.make_silence(viewer.token, wanted)
        else:
            # It begins when it began, unless another start was typed.
            given = {name: value for name, value in wanted.items() if name not in _ONLY_NEW}
            if given["starts_at"] is None:
                del given["starts_at"]
            saved = await ask.change_silence(viewer.token, stored.id, given)
    except REFUSALS as error:
        shown = _Shown(typed, reply=refused(error, form))
        return await _respond(request, services, viewer, stored, shown)
    word = "saved" if stored else "silenced"
    return accepted(services, address(saved.id), word, topic=silences.TOPIC)


_ONLY_NEW = {"integration_id"}


def _about(wanted: Mapping[str, Any], stored: Silence | None) -> dict[str, Any]:
    """As a preview is asked for: a silence that is stored keeps its integration."""
    asked = {name: value for name, value in wanted.items() if name != "comment"}
    if stored is not None and stored.integration_id is not None:
        asked["integration_id"] = str(stored.integration_id)
    return asked


@post(f"{silences.ADDRESS}/{{silence_id:uuid}}/expire", include_in_schema=False, status_code=200)
async def expire(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    silence_id: FromPath[UUID],
) -> Response[Any]:
    """End it now."""
    ask = services.ingestion
    try:
        await ask.expire_silence(viewer.token, silence_id)
    except REFUSALS as error:
        stored = await ask.silence(viewer.token, silence_id)
        typed = of_silence(stored, reading.current().zone_name)
        shown = _Shown(typed, reply=refused(error))
        return await _respond(request, services, viewer, stored, shown)
    return accepted(services, silences.ADDRESS, "expired", topic=silences.TOPIC)
