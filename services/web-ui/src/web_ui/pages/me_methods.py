"""The forms of one's own contact methods; whose they are is the session's, never the form's."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import FromPath

from shared.errors import NotFound
from web_ui.forms import REFUSALS, filled
from web_ui.pages import me
from web_ui.pages.answers import accepted, refused
from web_ui.people import People
from web_ui.reading import say
from web_ui.services import TheServices, TheViewer

ACTIONS = frozenset({"on", "off", "remove", "test", "code", "confirm"})
DONE = {"remove": "removed"}
"""The word of receipts.py for an action, where it is another."""


@post(f"{me.ADDRESS}/methods", include_in_schema=False, status_code=200)
async def add(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Add a contact method. A secret that was made up for it is shown once: here."""
    form = await filled(request)
    channel, target, secret = form.one("channel"), form.one("target"), form.one("secret")
    try:
        method = await services.people.add_method(viewer.token, viewer.id, channel, target, secret)
    except REFUSALS as error:
        # What a browser subscribed with is for no field.
        typed = form if channel != me.BY_BUTTON_ALONE else None
        return await me.respond(request, services, viewer, reply=refused(error, typed))
    if method.secret and not secret:
        return await me.respond(request, services, viewer, secret=method.secret)
    return accepted(services, me.ADDRESS, "added" if method.verified_at else "added_code")


@post(f"{me.ADDRESS}/methods/{{method_id:uuid}}/{{action:str}}", include_in_schema=False)
async def act(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    method_id: FromPath[UUID],
    action: FromPath[str],
) -> Response[Any]:
    """A button beside a contact method was pressed."""
    if action not in ACTIONS:
        raise NotFound(say("There is no such action."))
    code = (await filled(request)).one("code")
    try:
        pressed = Pressed(method_id, action, code)
        await carry_out(services.people, viewer.token, viewer.id, pressed)
    except REFUSALS as error:
        return await me.respond(request, services, viewer, reply=refused(error))
    return accepted(services, me.ADDRESS, DONE.get(action, action))


@dataclass(frozen=True)
class Pressed:
    """A button beside a contact method; ``code`` is what was typed in beside it."""

    method: UUID
    action: str
    code: str = ""


async def carry_out(people: People, token: str, person: str, pressed: Pressed) -> None:
    """Do what a button beside a contact method of ``person`` says."""
    method = pressed.method
    match pressed.action:
        case "on" | "off":
            await people.change_method(token, person, method, enabled=pressed.action == "on")
        case "remove":
            await people.remove_method(token, person, method)
        case "test":
            await people.test_method(token, person, method)
        case "code":
            await people.send_code(token, person, method)
        case "confirm":
            await people.confirm_code(token, person, method, pressed.code)
