"""The forms of what somebody settles for themself: rules, hours, time zone, news."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath

from web_ui.forms import REFUSALS, refusal
from web_ui.pages import me
from web_ui.pages.me_methods import done
from web_ui.preferences import changes
from web_ui.services import TheServices, TheViewer


@post(f"{me.ADDRESS}/preferences/{{what:str}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    what: FromPath[str],
) -> Response[Any]:
    """A form was sent."""
    sent = await request.form()
    form = {name: [str(value) for value in sent.getall(name)] for name in sent}
    try:
        person = await services.people.get(viewer.token, viewer.id)
        await services.people.change(viewer.token, viewer.id, changes(what, person, form))
    except REFUSALS as error:
        notices = [refusal(error)]
        return await me.respond(request, services, viewer, notices=notices, status=error.status)
    return done(services, "saved")
