"""``/people/new`` and ``/people/{id}``: one person, and the form that makes or changes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.identity import Role
from web_ui.configuration import PEOPLE, TEAMS
from web_ui.forms import REFUSALS, Filled, Wrong, filled
from web_ui.notices import Asking
from web_ui.pages import me, people
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.people import Person
from web_ui.reading import NAMES
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer
from web_ui.zones import zone_names

FIELDS = ("name", "login", "email", "role", "time_zone", "language")


@dataclass(frozen=True)
class PersonPage:
    """The context of the page. ``stored`` is None while it is a form for somebody new.

    ``typed`` are the fields of the form, ``method`` the form of another contact method, and
    ``secret`` is that of a webhook made just now, shown this once.
    """

    stored: Person | None
    typed: Mapping[str, str]
    wrong: Wrong
    teams: Sequence[str]
    can_edit: bool
    method: Filled
    secret: str
    roles: Sequence[Role]
    zones: Sequence[str]
    languages: Mapping[str, str]
    channels: Mapping[str, str]
    by_button_alone: str


def address(which: UUID) -> str:
    """The page of a person."""
    return f"{people.ADDRESS}/{which}"


def command(form: Filled) -> dict[str, Any]:
    """The form as oncall-service takes it; an empty password is none, or stays as it is."""
    given: dict[str, Any] = {name: form.one(name) for name in ("name", "role", "time_zone")}
    given |= {name: form.one(name) or None for name in ("login", "email", "language")}
    # As it was typed: blanks around a password are a part of it.
    password = next(iter(form.values.get("password", ())), "")
    return given | ({"password": password} if password else {})


def fields_of(person: Person | None) -> dict[str, str]:
    """The fields of the form before anything is typed."""
    if person is None:
        return dict.fromkeys(FIELDS, "") | {"role": Role.RESPONDER.value, "time_zone": "UTC"}
    return {name: getattr(person, name) or "" for name in FIELDS}


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    which: UUID | None,
    *,
    reply: Reply = FIRST,
    secret: str = "",
) -> Response[str]:
    """The page, with what there is to say above it.

    Raises:
        NotFound: there is no such person.
        Down: oncall-service does not answer, so that nothing of them is known.
    """
    stored, teams, asking = None, None, Asking()
    if which is not None:
        stored = await services.configuration.one(viewer.token, PEOPLE, which)
        teams = await asking.for_(services.configuration.every(viewer.token, TEAMS))
    form = reply.form or Filled()
    typed = fields_of(stored)
    if form.has("name"):
        typed = {name: form.one(name) for name in FIELDS}
    page = PersonPage(
        stored=stored,
        typed=typed,
        wrong=reply.wrong,
        teams=people.teams_of(teams or ()).get(which, []) if which else [],
        can_edit=viewer.can_configure,
        method=form,
        secret=secret,
        roles=list(Role),
        zones=zone_names(),
        languages=NAMES,
        channels=me.CHANNELS,
        by_button_alone=me.BY_BUTTON_ALONE,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(request, "person", page, notices=notices, status=reply.status)


@get(f"{people.ADDRESS}/new", include_in_schema=False)
async def new(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The form for somebody new."""
    return await respond(request, services, viewer, None)


@get(f"{people.ADDRESS}/{{person_id:uuid}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    person_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    return await respond(request, services, viewer, person_id)


@post(people.ADDRESS, include_in_schema=False, status_code=200)
async def create(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Add a person, and go on to how they are reached."""
    form = await filled(request)
    try:
        made = await services.configuration.create(viewer.token, PEOPLE, command(form))
    except REFUSALS as error:
        return await respond(request, services, viewer, None, reply=refused(error, form))
    return accepted(services, address(made.id), "created_person", topic=people.TOPIC)


@post(f"{people.ADDRESS}/{{person_id:uuid}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    person_id: FromPath[UUID],
) -> Response[Any]:
    """Save the form."""
    form = await filled(request)
    try:
        await services.configuration.change(viewer.token, PEOPLE, person_id, command(form))
    except REFUSALS as error:
        return await respond(request, services, viewer, person_id, reply=refused(error, form))
    return accepted(services, address(person_id), topic=people.TOPIC)


@post(f"{people.ADDRESS}/{{person_id:uuid}}/remove", include_in_schema=False, status_code=200)
async def remove(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    person_id: FromPath[UUID],
) -> Response[Any]:
    """Remove them, unless something needs them."""
    try:
        await services.configuration.remove(viewer.token, PEOPLE, person_id)
    except REFUSALS as error:
        return await respond(request, services, viewer, person_id, reply=refused(error))
    return accepted(services, people.ADDRESS, "removed", topic=people.TOPIC)
