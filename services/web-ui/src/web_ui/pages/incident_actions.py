"""The forms of an incident: they act, then redirect (303), or answer htmx with the fresh state.

A refusal is not an error page: it shows what is allowed, and the state as it is now.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from shared.errors import Conflict, NotFound, Problem
from web_ui import addresses
from web_ui.actions import BY_NAME, names_of, overtaken
from web_ui.clients import Down
from web_ui.forms import REFUSALS
from web_ui.notices import Notice, down, unanswered
from web_ui.pages import dashboard, incident
from web_ui.pages.incident import LONGEST_NOTE
from web_ui.reading import say
from web_ui.receipts import SENTENCES
from web_ui.rendering import wants_fragment
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer


@dataclass(frozen=True)
class Form:
    """A form that was sent: by whom, about what, and whether from the list or the page."""

    request: Request[Any, Any, Any]
    services: Services
    viewer: Viewer
    incident_id: UUID
    from_list: bool

    async def done(self, name: str, faster: str | None = None) -> Response[Any]:
        """What was asked for has happened; ``faster`` says who had done it before."""
        if not wants_fragment(self.request):
            if self.from_list and faster is None:
                return Redirect(addresses.HOME, status_code=303)
            word = name if faster is None else "overtaken"
            page = f"/incidents/{self.incident_id}"
            receipt = self.services.cookies.receipt(word, page)
            return Redirect(page, status_code=303, cookies=[receipt])
        notice = Notice("done", say(SENTENCES[name][1]))
        if faster is not None:
            notice = Notice("warning", faster, say("Your request changed nothing."))
        said = f"{notice.title} {notice.text}".strip()
        if self.from_list:
            # The row itself shows what happened; that somebody else did it has to be said.
            return await dashboard.respond(
                self.request,
                self.services,
                self.viewer,
                notices=[notice] if faster is not None else [],
                said=said,
            )
        return await incident.respond(
            self.request,
            self.services,
            self.viewer,
            self.incident_id,
            notices=[notice],
            said=said,
        )

    async def refused(self, error: Problem, about: str, note: str = "") -> Response[Any]:
        """A neighbour refused, or does not answer."""
        notice = _why(error, about)
        if _cannot_be_shown(error) and wants_fragment(self.request):
            # Asking the same neighbour for the fresh state would only keep the person waiting.
            return self.services.renderer.keep(self.request, [notice])
        return await self.not_done(notice, error.status, note)

    async def not_done(self, notice: Notice, status: int, note: str = "") -> Response[Any]:
        """It has not; ``note`` is given back, so that nobody types it twice."""
        said = f"{notice.title} {notice.text}"
        if self.from_list and wants_fragment(self.request):
            return await dashboard.respond(
                self.request,
                self.services,
                self.viewer,
                notices=[notice],
                status=status,
                said=said,
            )
        return await incident.respond(
            self.request,
            self.services,
            self.viewer,
            self.incident_id,
            notices=[notice],
            status=status,
            note=note,
            said=said,
        )


@post("/incidents/{incident_id:uuid}/{action:str}", include_in_schema=False, status_code=200)
async def act(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    incident_id: FromPath[UUID],
    action: FromPath[str],
) -> Response[Any]:
    """A button was pressed."""
    asked = BY_NAME.get(action)
    if asked is None:
        raise NotFound(say("There is no such action."))
    back = str((await request.form()).get("back", ""))
    form = Form(request, services, viewer, incident_id, from_list=back == addresses.HOME)
    faster = None
    try:
        if asked.status is not None:
            changed = await services.incidents.change_status(
                viewer.token, incident_id, asked.status
            )
            faster = overtaken(changed, asked, viewer.id, viewer.name)
        else:
            await services.oncall.escalate(viewer.token, incident_id, "asked for in the web UI")
    except REFUSALS as error:  # not found: oncall-service has not heard of the incident yet
        return await form.refused(error, say(asked.label))
    return await form.done(asked.name, faster)


@post("/incidents/{incident_id:uuid}/notes", include_in_schema=False, status_code=200)
async def add_note(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    incident_id: FromPath[UUID],
) -> Response[Any]:
    """A note was written."""
    text = str((await request.form()).get("text", ""))
    form = Form(request, services, viewer, incident_id, from_list=False)
    problem = _unfit(text.strip())
    if problem:
        return await form.not_done(problem, 422, note=text)
    try:
        await services.incidents.add_note(viewer.token, incident_id, text.strip())
    except REFUSALS as error:
        return await form.refused(error, say("Note"), note=text)
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
    allowed = names_of(error.extra.get("allowed", [])) if isinstance(error, Conflict) else ""
    said = say("{action}: not done. {detail}", action=about, detail=say(error.detail))
    return Notice("error", said, allowed)
