"""People and how to reach them."""

from uuid import UUID

from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from oncall_service.core.parameters import Named, TheCore, named
from oncall_service.people import methods, preferences, verification
from oncall_service.people import usecases as people
from oncall_service.people.shapes import (
    CodeCommand,
    ContactMethodCreate,
    ContactMethodUpdate,
    ContactMethodView,
    PersonCreate,
    PersonUpdate,
    PersonView,
    PreferencesUpdate,
)
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.oncall_api import NotificationView
from shared.contracts.wire import Page
from shared.documented import or_created
from shared.paging import DEFAULT_LIMIT, Cursor, Limit
from shared.words.asked import Language
from shared.words.catalogues import preferred, speaking

ADMIN = [requires(Role.ADMIN)]
VIEWER = [requires(Role.VIEWER)]


@post("/", guards=ADMIN)
async def create_person(
    core: TheCore, data: JSONBody[PersonCreate], principal: Caller
) -> PersonView:
    """Add a person."""
    return await people.create(core, data, principal)


@put("/{reference:str}", guards=ADMIN, responses=or_created(PersonView))
async def put_person(
    core: TheCore, reference: Named, data: JSONBody[PersonCreate], principal: Caller
) -> Response[PersonView]:
    """Create (201) or replace (200): repeating it changes nothing."""
    view, created = await people.put(core, named("person", reference), data, principal)
    return Response(view, status_code=201 if created else 200)


@patch("/{reference:str}", guards=ADMIN)
async def change_person(
    core: TheCore, reference: Named, data: JSONBody[PersonUpdate], principal: Caller
) -> PersonView:
    """Change the given fields."""
    return await people.update(core, named("person", reference), data, principal)


@get("/{reference:str}", guards=VIEWER)
async def get_person(core: TheCore, reference: Named) -> PersonView:
    """One person, by id, login or name."""
    return await people.get(core, named("person", reference))


@get("/", guards=VIEWER)
async def list_person(
    core: TheCore, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[PersonView]:
    """People in the order of their names."""
    return await people.listed(core, limit=limit, cursor=cursor)


@delete("/{reference:str}", guards=ADMIN)
async def delete_person(core: TheCore, reference: Named, principal: Caller) -> None:
    """Remove a person whom no rotation or policy needs; 409 says where they are needed."""
    await people.remove(core, named("person", reference), principal)


@post("/{reference:str}/contact-methods", guards=VIEWER)
async def add_contact_method(
    core: TheCore, reference: Named, data: JSONBody[ContactMethodCreate], principal: Caller
) -> ContactMethodView:
    """Add a way to reach a person: one's own, or anybody's as an administrator.

    The answer holds the secret a webhook is signed with; it is shown here and never again.
    """
    return await methods.add(core, named("person", reference), data, principal)


@patch("/{reference:str}/contact-methods/{method_id:uuid}", guards=VIEWER)
async def change_contact_method(
    core: TheCore,
    reference: Named,
    method_id: FromPath[UUID],
    data: JSONBody[ContactMethodUpdate],
    principal: Caller,
) -> ContactMethodView:
    """Switch a contact method on or off."""
    return await methods.update(core, named("person", reference), method_id, data, principal)


@patch("/{reference:str}/preferences", guards=VIEWER)
async def change_preferences(
    core: TheCore, reference: Named, data: JSONBody[PreferencesUpdate], principal: Caller
) -> PersonView:
    """Change what somebody settles for themself: hours, rules, news; or as an administrator."""
    return await preferences.update(core, named("person", reference), data, principal)


@post(
    "/{reference:str}/contact-methods/{method_id:uuid}/verification",
    status_code=202,
    guards=VIEWER,
)
async def send_verification_code(
    core: TheCore, reference: Named, method_id: FromPath[UUID], principal: Caller
) -> ContactMethodView:
    """Send a code to a contact method that is not verified yet; once a minute."""
    return await verification.send(core, named("person", reference), method_id, principal)


@post(
    "/{reference:str}/contact-methods/{method_id:uuid}/verification/confirm",
    status_code=200,
    guards=VIEWER,
)
async def confirm_verification_code(
    core: TheCore,
    reference: Named,
    method_id: FromPath[UUID],
    data: JSONBody[CodeCommand],
    principal: Caller,
) -> ContactMethodView:
    """Type in the code: the contact method may be used from then on."""
    person = named("person", reference)
    return await verification.confirm(core, person, method_id, data.code, principal)


@delete("/{reference:str}/contact-methods/{method_id:uuid}", guards=VIEWER)
async def delete_contact_method(
    core: TheCore, reference: Named, method_id: FromPath[UUID], principal: Caller
) -> None:
    """Remove a contact method."""
    await methods.remove(core, named("person", reference), method_id, principal)


@post("/{reference:str}/contact-methods/{method_id:uuid}/test", status_code=202, guards=VIEWER)
async def test_contact_method(
    core: TheCore,
    reference: Named,
    method_id: FromPath[UUID],
    principal: Caller,
    accept_language: Language,
) -> NotificationView:
    """Send a test message; GET /api/v1/notifications says what became of it."""
    words = speaking(preferred(accept_language))
    return await methods.send_trial(core, words, named("person", reference), method_id, principal)


router = Router(
    "/api/v1/people",
    route_handlers=[
        create_person,
        put_person,
        change_person,
        get_person,
        list_person,
        delete_person,
        add_contact_method,
        change_preferences,
        change_contact_method,
        send_verification_code,
        confirm_verification_code,
        delete_contact_method,
        test_contact_method,
    ],
    tags=["people"],
    security=[{"bearer": []}],
)
