"""The forms of the calendar: overrides, swaps, and calendars to subscribe to."""

from collections.abc import Awaitable
from datetime import UTC
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from shared.errors import FieldError, Invalid, NotFound
from web_ui import reading
from web_ui.forms import REFUSALS, Filled, filled, refusal
from web_ui.pages import calendar
from web_ui.pages.calendar import PATH
from web_ui.reading import say
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

CALENDARS = "/calendars"
NOTHING = Filled()
DECISIONS = frozenset({"accept", "decline", "withdraw"})


@post(f"{PATH}/overrides", include_in_schema=False, status_code=200)
async def override(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Somebody takes a shift; or, by the other button, it is offered to be swapped."""
    form = await filled(request)
    try:
        command = {
            "schedule": form.one("schedule"),
            "start": _instant(form, "start"),
            "end": _instant(form, "end"),
            "role": form.one("role", "primary"),
            "note": form.one("note"),
        }
    except Invalid as error:
        notices = [refusal(error)]
        return await calendar.respond(
            request, services, viewer, notices=notices, status=422, form=form
        )
    person = form.one("person")
    if form.one("do") == "offer":
        offer = services.rota.offer(viewer.token, command | ({"to": person} if person else {}))
        return await _answer(request, services, viewer, offer, "offered", form=form)
    taken = services.rota.override(viewer.token, command | {"person": person})
    return await _answer(request, services, viewer, taken, "overridden", form=form)


@post(f"{PATH}/overrides/{{override_id:uuid}}/remove", include_in_schema=False, status_code=200)
async def remove_override(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    override_id: FromPath[UUID],
) -> Response[Any]:
    """The layers decide again."""
    done = services.rota.remove_override(viewer.token, override_id)
    return await _answer(request, services, viewer, done, "removed")


@post(f"{PATH}/swaps/{{swap_id:uuid}}/{{word:str}}", include_in_schema=False, status_code=200)
async def decide(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    swap_id: FromPath[UUID],
    word: FromPath[str],
) -> Response[Any]:
    """Accept, decline or withdraw an offer."""
    if word not in DECISIONS:
        raise NotFound(say("There is no such action."))
    done = services.rota.decide(viewer.token, swap_id, word)
    return await _answer(request, services, viewer, done, f"swap_{word}")


@post(f"{PATH}/feeds", include_in_schema=False, status_code=200)
async def make_feed(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """A calendar to subscribe to; its address is shown in this answer alone."""
    form = await filled(request)
    schedule = form.one("schedule")
    try:
        made = await services.rota.make_feed(
            viewer.token, {"schedule": schedule} if schedule else {}
        )
    except REFUSALS as error:
        notices = [refusal(error)]
        return await calendar.respond(
            request, services, viewer, notices=notices, status=error.status, form=form
        )
    services.broadcast.publish("calendar", "")
    file = made.path.rpartition("/")[2]
    address = f"{services.home.rstrip('/')}{CALENDARS}/{file}"
    return await calendar.respond(request, services, viewer, made=address)


@post(f"{PATH}/feeds/{{feed_id:uuid}}/remove", include_in_schema=False, status_code=200)
async def revoke_feed(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    feed_id: FromPath[UUID],
) -> Response[Any]:
    """Its address leads nowhere any more."""
    done = services.rota.revoke_feed(viewer.token, feed_id)
    return await _answer(request, services, viewer, done, "removed")


@get(f"{CALENDARS}/{{file:str}}", include_in_schema=False)
async def read_feed(services: TheServices, file: FromPath[str]) -> Response[bytes]:
    """A calendar for a calendar program, which signs in nowhere: the address is its key."""
    content = await services.rota.read_feed(file)
    return Response(
        content,
        media_type="text/calendar; charset=utf-8",
        headers={"X-Robots-Tag": "noindex", "Cache-Control": "private, max-age=300"},
    )


async def _answer(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    done: Awaitable[object],
    word: str,
    *,
    form: Filled = NOTHING,
) -> Response[Any]:
    try:
        await done
    except REFUSALS as error:
        notices = [refusal(error)]
        return await calendar.respond(
            request, services, viewer, notices=notices, status=error.status, form=form
        )
    services.broadcast.publish("calendar", "")
    return Redirect(PATH, status_code=303, cookies=[services.cookies.receipt(word, PATH)])


def _instant(form: Filled, name: str) -> str:
    """What was typed is the time of the reader's zone."""
    try:
        return reading.typed(form.one(name)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise Invalid([FieldError(name, "must be a day and a time")]) from None
