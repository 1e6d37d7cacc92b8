"""``/tokens``: what programs sign in with; a token is shown once, when it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.configuration import TokenCreated, TokenView
from shared.contracts.identity import Role
from shared.errors import FieldError, Invalid
from web_ui import reading
from web_ui.forms import REFUSALS, Filled, Wrong, filled
from web_ui.notices import Asking
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.reading import sentence
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

ADDRESS = "/tokens"
FIELDS = ("name", "role", "expires")


@dataclass(frozen=True)
class TokensPage:
    """The context of the page; ``made`` is a token made just now, shown this once."""

    tokens: Sequence[TokenView] | None
    made: TokenCreated | None
    typed: Mapping[str, str]
    wrong: Wrong
    roles: Sequence[Role]
    now: datetime


def command(form: Filled) -> dict[str, Any]:
    """The form as oncall-service takes it: a token lives to the end of its last day.

    Raises:
        Invalid: the day is none.
    """
    given: dict[str, Any] = {"name": form.one("name"), "role": form.one("role")}
    if not form.one("expires"):
        return given
    try:
        day = date.fromisoformat(form.one("expires")) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Invalid([FieldError("expires", sentence("must be a day"))]) from None
    end = datetime.combine(day, time(), reading.current().zone)
    return given | {"expires_at": end.isoformat()}


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    *,
    made: TokenCreated | None = None,
    reply: Reply = FIRST,
) -> Response[str]:
    asking = Asking()
    form = reply.form
    fresh = {"name": "", "role": Role.RESPONDER.value, "expires": ""}
    page = TokensPage(
        tokens=await asking.for_(services.configuration.tokens(viewer.token)),
        made=made,
        typed={name: form.one(name) for name in FIELDS} if form else fresh,
        wrong=reply.wrong,
        roles=list(Role),
        now=services.clock.now(),
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(request, "tokens", page, notices=notices, status=reply.status)


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer)


@post(ADDRESS, include_in_schema=False, status_code=200)
async def create(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Make one, and show it this once."""
    form = await filled(request)
    try:
        made = await services.configuration.create_token(viewer.token, command(form))
    except REFUSALS as error:
        return await _respond(request, services, viewer, reply=refused(error, form))
    return await _respond(request, services, viewer, made=made)


@post(f"{ADDRESS}/{{token_id:uuid}}/revoke", include_in_schema=False, status_code=200)
async def revoke(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    token_id: FromPath[UUID],
) -> Response[Any]:
    """Revoke it for ever."""
    try:
        await services.configuration.revoke_token(viewer.token, token_id)
    except REFUSALS as error:
        return await _respond(request, services, viewer, reply=refused(error))
    return accepted(services, ADDRESS, "revoked")
