"""How somebody else is reached, settled by an administrator."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import FromPath

from shared.errors import NotFound
from web_ui.forms import REFUSALS, filled
from web_ui.pages import people, person
from web_ui.pages.answers import accepted, refused
from web_ui.pages.me_methods import DONE, Pressed, carry_out
from web_ui.reading import say
from web_ui.services import TheServices, TheViewer

# A code is typed in by whoever was sent it.
ACTIONS = frozenset({"on", "off", "remove", "test", "code"})


@post(f"{people.ADDRESS}/{{person_id:uuid}}/methods", include_in_schema=False, status_code=200)
async def add(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    person_id: FromPath[UUID],
) -> Response[Any]:
    """Add a contact method; whoever adds it vouches for it."""
    form = await filled(request)
    channel, target, secret = form.one("channel"), form.one("target"), form.one("secret")
    try:
        method = await services.people.add_method(
            viewer.token, str(person_id), channel, target, secret
        )
    except REFUSALS as error:
        return await person.respond(
            request,
            services,
            viewer,
            person_id,
            reply=refused(error, form),
        )
    services.broadcast.publish(people.TOPIC, "")
    if method.secret and not secret:
        return await person.respond(request, services, viewer, person_id, secret=method.secret)
    return accepted(services, person.address(person_id), "added")


@post(
    f"{people.ADDRESS}/{{person_id:uuid}}/methods/{{method_id:uuid}}/{{action:str}}",
    include_in_schema=False,
    status_code=200,
)
async def act(
    *,
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    person_id: FromPath[UUID],
    method_id: FromPath[UUID],
    action: FromPath[str],
) -> Response[Any]:
    """A button beside a contact method was pressed."""
    if action not in ACTIONS:
        raise NotFound(say("There is no such action."))
    try:
        await carry_out(services.people, viewer.token, str(person_id), Pressed(method_id, action))
    except REFUSALS as error:
        return await person.respond(
            request,
            services,
            viewer,
            person_id,
            reply=refused(error),
        )
    return accepted(
        services, person.address(person_id), DONE.get(action, action), topic=people.TOPIC
    )
