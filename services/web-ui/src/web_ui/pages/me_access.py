"""Where the person who is signed in is signed in, and their password."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from web_ui import addresses
from web_ui.forms import REFUSALS, filled
from web_ui.pages import me
from web_ui.pages.answers import accepted, refused
from web_ui.services import TheServices, TheViewer


@post(f"{me.ADDRESS}/sessions/{{session_id:uuid}}/end", include_in_schema=False, status_code=200)
async def end(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    session_id: FromPath[UUID],
) -> Response[Any]:
    """Sign out there."""
    try:
        await services.configuration.end_session(viewer.token, session_id)
    except REFUSALS as error:
        return await me.respond(request, services, viewer, reply=refused(error))
    return accepted(services, me.ADDRESS, "session_ended")


@post(f"{me.ADDRESS}/sessions/end-others", include_in_schema=False, status_code=200)
async def end_others(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Sign out everywhere but here."""
    try:
        await services.configuration.end_other_sessions(viewer.token)
    except REFUSALS as error:
        return await me.respond(request, services, viewer, reply=refused(error))
    return accepted(services, me.ADDRESS, "sessions_ended")


@post(f"{me.ADDRESS}/password", include_in_schema=False, status_code=200)
async def change_password(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Choose another password: every session ends, this one too."""
    form = await filled(request)
    # As they were typed: blanks around a password are a part of it.
    current, new = (next(iter(form.values.get(name, ())), "") for name in ("current", "new"))
    try:
        await services.configuration.change_password(viewer.token, current, new)
    except REFUSALS as error:
        return await me.respond(request, services, viewer, reply=refused(error, form))
    services.viewers.forget(viewer.token)
    target = addresses.sign_in(me.ADDRESS, "password")
    return Redirect(target, status_code=303, cookies=[services.cookies.no_session()])
