"""The forms of what somebody settles for themself: rules, hours, language, time zone, news."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath

from web_ui.forms import REFUSALS, filled
from web_ui.pages import me
from web_ui.pages.answers import accepted, refused
from web_ui.preferences import READING, changes
from web_ui.services import TheServices, TheViewer


@post(f"{me.ADDRESS}/preferences/{{what:str}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    what: FromPath[str],
) -> Response[Any]:
    """A form was sent."""
    form = await filled(request)
    try:
        person = await services.people.get(viewer.token, viewer.id)
        wanted = changes(what, person, form.values)
        await services.people.change(viewer.token, viewer.id, wanted)
    except REFUSALS as error:
        return await me.respond(request, services, viewer, reply=refused(error, form))
    answer = accepted(services, me.ADDRESS)
    if what == READING:
        # The next page is read as it was just settled, also after the session.
        services.viewers.forget(viewer.token)
        answer.set_cookie(services.cookies.language(wanted["language"] or ""))
    return answer
