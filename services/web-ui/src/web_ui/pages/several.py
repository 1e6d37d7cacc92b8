"""The forms of the dashboard: one button of a row, or what to do with all that are selected."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from litestar import Request, Response, post
from litestar.response import Redirect

from shared.errors import Conflict, FieldError, Invalid, Problem
from web_ui import addresses
from web_ui.actions import ACKNOWLEDGE, RESOLVE, instead_of, overtaken
from web_ui.clients import Down
from web_ui.filters import of_query
from web_ui.forms import REFUSALS, Filled, filled, refusal
from web_ui.notices import Notice, unanswered
from web_ui.pages import dashboard
from web_ui.reading import many, say, sentence
from web_ui.rendering import wants_fragment
from web_ui.saved_views import with_view, without_view
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

MOST = dashboard.MOST_ROWS
AT_ONCE = 8

ACTIONS = {"acknowledge": ACKNOWLEDGE, "resolve": RESOLVE}


@dataclass(frozen=True)
class Wanted:
    """What is asked for: ``person`` is whom to assign to, where ``action`` is assign."""

    action: str
    incidents: Sequence[UUID]
    person: UUID | None


@post("/several", include_in_schema=False, status_code=200)
async def act(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Do one thing with several incidents; each by itself, and all are told of."""
    form = await filled(request)
    back = addresses.local(form.one("back"))
    try:
        wanted = _wanted(form)
    except Invalid as error:
        notices, status = [refusal(error)], error.status
    else:
        notices, status = await _carry_out(services, viewer, wanted)
    if not wants_fragment(request) and not notices:
        return Redirect(back, status_code=303)
    filters = of_query(parse_qsl(urlsplit(back).query))
    said = " ".join(f"{notice.title} {notice.text}" for notice in notices)
    return await dashboard.respond(
        request, services, viewer, filters, notices=notices, status=status, said=said
    )


@post("/views", include_in_schema=False, status_code=200)
async def keep_view(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Keep a view under a name, or forget one."""
    del viewer
    form = await filled(request)
    views, query = services.cookies.views_of(request), form.one("query")
    if forgotten := form.one("forget"):
        views = without_view(views, forgotten)
    else:
        views = with_view(views, form.one("name"), query)
    there = dashboard.address(of_query(parse_qsl(query)))
    return Redirect(there, status_code=303, cookies=[services.cookies.views(views)])


def _wanted(form: Filled) -> Wanted:
    """The button of a row names its incident; the others are for what is ticked.

    Raises:
        Invalid: nothing is selected, or nobody whom it should be assigned to.
    """
    if take := form.one("take"):
        return Wanted("acknowledge", _ids([take]), None)
    incidents = _ids(form.many("incident"))[:MOST]
    if not incidents:
        raise Invalid([], say("Nothing is selected."))
    action, chosen = form.one("do"), form.one("assignee")
    person = _ids([chosen])
    # An empty field is "Nobody", which was chosen; none, or another, was not.
    if action == "assign" and not person and (chosen or not form.has("assignee")):
        raise Invalid([FieldError("assignee", sentence("must be somebody of the list"))])
    return Wanted(action, incidents, person[0] if person else None)


def _ids(texts: Sequence[str]) -> list[UUID]:
    """Those that are ids; a list of a page can hold nothing else."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


async def _carry_out(
    services: Services, viewer: Viewer, wanted: Wanted
) -> tuple[list[Notice], int]:
    """Notices of what did not go as asked for, and of how many did; and the status to answer."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(incident: UUID) -> Notice | Problem | None:
        async with turns:
            try:
                return await _do(services, viewer, wanted, incident)
            except REFUSALS as error:
                return error

    outcomes = await asyncio.gather(*map(one, wanted.incidents))
    refusals = [each for each in outcomes if isinstance(each, Problem)]
    notices = [each for each in outcomes if isinstance(each, Notice)]
    notices += [_why(error) for error in _different(refusals)]
    done = len(outcomes) - len(refusals)
    if len(outcomes) > 1 and done:
        told = many("{count} incident is done.", "{count} incidents are done.", done)
        notices = [Notice("done", told), *notices]
    return notices, refusals[0].status if refusals and not done else 200


async def _do(services: Services, viewer: Viewer, wanted: Wanted, incident: UUID) -> Notice | None:
    if wanted.action == "assign":
        await services.incidents.assign(viewer.token, incident, wanted.person)
        return None
    asked = ACTIONS.get(wanted.action)
    if asked is None or asked.status is None:
        raise Conflict(say("There is no such action."))
    changed = await services.incidents.change_status(viewer.token, incident, asked.status)
    faster = overtaken(changed, asked, viewer.id, viewer.name)
    if faster is None:
        return None
    return Notice(
        "warning", f"INC-{changed.number}: {faster}", say("Your request changed nothing.")
    )


def _different(refusals: Sequence[Problem]) -> list[Problem]:
    """One for each reason: a neighbour that is down need not be said fifty times."""
    return list({error.detail: error for error in refusals}.values())


def _why(error: Problem) -> Notice:
    if isinstance(error, Down):
        # It may have been done after we stopped waiting: nobody can say that it was not.
        return Notice("error", say("Perhaps not done. {detail}", detail=unanswered(error)))
    said = say("Not done. {detail}", detail=say(error.detail))
    return Notice("error", said, instead_of(error))
