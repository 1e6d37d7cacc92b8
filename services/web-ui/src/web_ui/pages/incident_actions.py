"""The forms of an incident: they act, then redirect (303), or answer htmx with the fresh state.

A refusal is not an error page: it shows what is allowed, and the state as it is now.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from shared.errors import Conflict, Forbidden, Invalid, NotFound, Problem, TooMany
from web_ui import addresses
from web_ui.actions import BY_NAME, names_of
from web_ui.clients import Down
from web_ui.notices import Notice, down
from web_ui.pages import dashboard, incident
from web_ui.pages.incident import DONE, LONGEST_NOTE
from web_ui.rendering import wants_fragment
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

# NotFound: oncall-service has not heard of the incident yet.
REFUSALS = (Conflict, Forbidden, Invalid, NotFound, TooMany, Down)


@dataclass(frozen=True)
class Form:
    """A form that was sent: by whom, about what, and whether from the list or the page."""

    request: Request[Any, Any, Any]
    services: Services
    viewer: Viewer
    incident_id: UUID
    from_list: bool

    async def done(self, name: str) -> Response[Any]:
        """What was asked for has happened."""
        if not wants_fragment(self.request):
            path = addresses.with_query(f"/incidents/{self.incident_id}", done=name)
            return Redirect(addresses.HOME if self.from_list else path, status_code=303)
        if self.from_list:
            return await dashboard.respond(
                self.request, self.services, self.viewer, said=DONE[name]
            )
        return await incident.respond(
            self.request,
            self.services,
            self.viewer,
            self.incident_id,
            notices=[Notice("done", DONE[name])],
            said=DONE[name],
        )

    async def refused(self, notice: Notice, status: int, note: str = "") -> Response[Any]:
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
        raise NotFound("There is no such action.")
    back = str((await request.form()).get("back", ""))
    form = Form(request, services, viewer, incident_id, from_list=back == addresses.HOME)
    try:
        if asked.status is not None:
            await services.incidents.change_status(viewer.token, incident_id, asked.status)
        else:
            await services.oncall.escalate(viewer.token, incident_id, "asked for in the web UI")
    except REFUSALS as error:
        return await form.refused(_why(error, asked.label), error.status)
    return await form.done(asked.name)


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
        return await form.refused(problem, 422, note=text)
    try:
        await services.incidents.add_note(viewer.token, incident_id, text.strip())
    except REFUSALS as error:
        return await form.refused(_why(error, "Note"), error.status, note=text)
    return await form.done("note")


def _unfit(text: str) -> Notice | None:
    if not text:
        return Notice("error", "The note is empty.", "Write what you found or did.")
    if len(text) > LONGEST_NOTE:
        size = f"It has {len(text)} characters; {LONGEST_NOTE} fit."
        return Notice("error", "The note is too long.", size)
    return None


def _why(error: Problem, about: str) -> Notice:
    if isinstance(error, Down):
        return Notice("error", f"{about}: not done. {error.detail}", down(error).text)
    allowed = names_of(error.extra.get("allowed", [])) if isinstance(error, Conflict) else ""
    return Notice("error", f"{about}: not done. {error.detail}", allowed)
