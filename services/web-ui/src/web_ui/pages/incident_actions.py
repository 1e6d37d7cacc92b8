"""The forms of an incident: they act, then redirect (303), or answer htmx with the fresh state.

A refusal is not an error page: it shows what is allowed, and the state as it is now.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from shared.errors import FieldError, Invalid, NotFound, Problem
from web_ui.actions import BY_NAME, instead_of, overtaken
from web_ui.clients import Down
from web_ui.forms import REFUSALS, Filled, filled
from web_ui.notices import Notice, down, unanswered
from web_ui.pages import incident
from web_ui.pages.incident import LONGEST_NOTE, NOTHING
from web_ui.reading import say, sentence
from web_ui.receipts import SENTENCES
from web_ui.rendering import wants_fragment
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer


@dataclass(frozen=True)
class Form:
    """A form that was sent: by whom, and about what."""

    request: Request[Any, Any, Any]
    services: Services
    viewer: Viewer
    incident_id: UUID
    filled: Filled

    async def done(self, name: str, faster: str | None = None) -> Response[Any]:
        """What was asked for has happened; ``faster`` says who had done it before."""
        if not wants_fragment(self.request):
            word = name if faster is None else "overtaken"
            page = f"/incidents/{self.incident_id}"
            receipt = self.services.cookies.receipt(word, page)
            return Redirect(page, status_code=303, cookies=[receipt])
        notice = Notice("done", say(SENTENCES[name][1]))
        if faster is not None:
            notice = Notice("warning", faster, say("Your request changed nothing."))
        return await self._shown(notice, 200, NOTHING)

    async def refused(self, error: Problem, about: str) -> Response[Any]:
        """A neighbour refused, or does not answer; what was typed is given back."""
        notice = _why(error, about)
        if _cannot_be_shown(error) and wants_fragment(self.request):
            # Asking the same neighbour for the fresh state would only keep the person waiting.
            return self.services.renderer.keep(self.request, [notice])
        return await self._shown(notice, error.status, self.filled)

    async def not_done(self, notice: Notice) -> Response[Any]:
        """It was not even asked for."""
        return await self._shown(notice, 422, self.filled)

    async def _shown(self, notice: Notice, status: int, given_back: Filled) -> Response[Any]:
        return await incident.respond(
            self.request,
            self.services,
            self.viewer,
            self.incident_id,
            notices=[notice],
            status=status,
            filled=given_back,
            said=f"{notice.title} {notice.text}".strip(),
        )


@post("/incidents/{incident_id:uuid}/{action:str}", include_in_schema=False, status_code=200)
async def act(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    incident_id: FromPath[UUID],
    action: FromPath[str],
) -> Response[Any]:
    """A button was pressed, or one of the small forms beside them sent."""
    form = Form(request, services, viewer, incident_id, await filled(request))
    if action in BY_NAME:
        return await _press(form, action)
    if action not in MORE:
        raise NotFound(say("There is no such action."))
    label, carry_out = MORE[action]
    try:
        await carry_out(form)
    except REFUSALS as error:
        return await form.refused(error, say(label))
    return await form.done(action)


async def _press(form: Form, action: str) -> Response[Any]:
    asked, viewer, services = BY_NAME[action], form.viewer, form.services
    faster = None
    try:
        if asked.status is not None:
            changed = await services.incidents.change_status(
                viewer.token, form.incident_id, asked.status
            )
            faster = overtaken(changed, asked, viewer.id, viewer.name)
        else:
            await services.oncall.escalate(
                viewer.token, form.incident_id, "asked for in the web UI"
            )
    except REFUSALS as error:  # not found: oncall-service has not heard of the incident yet
        return await form.refused(error, say(asked.label))
    return await form.done(asked.name, faster)


async def _snooze(form: Form) -> None:
    minutes = form.filled.number("minutes")
    if minutes is None:
        raise Invalid([FieldError("minutes", "must be a whole number")])
    await form.services.incidents.snooze(form.viewer.token, form.incident_id, minutes)


async def _assign(form: Form) -> None:
    chosen = form.filled.one("person")
    person = _person(form) if chosen else None
    await form.services.incidents.assign(form.viewer.token, form.incident_id, person)


async def _help(form: Form) -> None:
    await form.services.oncall.ask_for_help(form.viewer.token, form.incident_id, _person(form))


async def _merge(form: Form) -> None:
    into = form.filled.one("into")
    await form.services.incidents.merge(form.viewer.token, form.incident_id, into)


async def _undo(form: Form) -> None:
    await form.services.incidents.undo_resolve(form.viewer.token, form.incident_id)


def _person(form: Form) -> UUID:
    try:
        return UUID(form.filled.one("person"))
    except ValueError:
        raise Invalid([FieldError("person", sentence("must be somebody of the list"))]) from None


MORE: dict[str, tuple[str, Callable[[Form], Awaitable[None]]]] = {
    "snooze": (sentence("Snooze"), _snooze),
    "assign": (sentence("Reassign"), _assign),
    "help": (sentence("Ask for help"), _help),
    "merge": (sentence("Merge"), _merge),
    "undo": (sentence("Undo"), _undo),
}


@post("/incidents/{incident_id:uuid}/recur", include_in_schema=False, status_code=200)
async def recur(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    incident_id: FromPath[UUID],
) -> Response[Any]:
    """What was resolved is back: to the incident that follows it."""
    form = Form(request, services, viewer, incident_id, await filled(request))
    try:
        opened = await services.incidents.recur(viewer.token, incident_id)
    except REFUSALS as error:
        return await form.refused(error, say("Open it again"))
    page = f"/incidents/{opened.id}"
    receipt = services.cookies.receipt("recur", page)
    if wants_fragment(request):
        return Response(None, headers={"HX-Redirect": page}, cookies=[receipt])
    return Redirect(page, status_code=303, cookies=[receipt])


@post("/incidents/{incident_id:uuid}/notes", include_in_schema=False, status_code=200)
async def add_note(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    incident_id: FromPath[UUID],
) -> Response[Any]:
    """A note was written."""
    form = Form(request, services, viewer, incident_id, await filled(request))
    text = form.filled.one("text")
    problem = _unfit(text)
    if problem:
        return await form.not_done(problem)
    try:
        await services.incidents.add_note(viewer.token, incident_id, text)
    except REFUSALS as error:
        return await form.refused(error, say("Note"))
    return await form.done("note")


def _unfit(text: str) -> Notice | None:
    if not text:
        return Notice("error", say("The note is empty."), say("Write what you found or did."))
    if len(text) > LONGEST_NOTE:
        size = say("It has {count} characters; {most} fit.", count=len(text), most=LONGEST_NOTE)
        return Notice("error", say("The note is too long."), size)
    return None


def _cannot_be_shown(error: Problem) -> bool:
    return isinstance(error, Down) and error.service == "incident-management"


def _why(error: Problem, about: str) -> Notice:
    if isinstance(error, Down):
        # It may have been done after we stopped waiting: nobody can say that it was not.
        said = say("{action}: perhaps not done. {detail}", action=about, detail=unanswered(error))
        return Notice("error", said, down(error).text)
    said = say("{action}: not done. {detail}", action=about, detail=say(error.detail))
    return Notice("error", said, instead_of(error))
