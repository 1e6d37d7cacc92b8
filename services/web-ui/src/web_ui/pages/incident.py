"""``/incidents/{id}``: one incident, its timeline and alerts, and what can be done with it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath
from markupsafe import Markup

from shared.contracts.incident_api import IncidentAlert
from shared.contracts.incidents import Incident
from shared.contracts.wire import Ref
from shared.errors import NotFound
from web_ui.actions import Action, buttons
from web_ui.clients import MOST_ALERTS, Down
from web_ui.forms import Filled
from web_ui.live import topic_of
from web_ui.notices import Asking, Notice, down
from web_ui.prose import linked
from web_ui.reached import Told, told
from web_ui.reading import say
from web_ui.rendering import wants_fragment
from web_ui.services import Services, TheServices, TheViewer
from web_ui.timeline import Moment, moments
from web_ui.viewer import Viewer

LONGEST_NOTE = 10_000
LONGEST_NUMBER = 18
MOST_RUNBOOKS = 3
# incident-management allows some seconds more, for the way there.
UNDO = timedelta(seconds=10)
NOTHING = Filled()


@dataclass(frozen=True)
class Link:
    """An address of the sender's, safe to follow."""

    name: str
    url: str


@dataclass(frozen=True)
class AlertCard:
    """An alert and its safe links."""

    alert: IncidentAlert
    links: Sequence[Link]

    @property
    def message(self) -> Markup:
        """What it says, with its addresses to follow."""
        return linked(self.alert.message)

    @property
    def annotations(self) -> dict[str, Markup]:
        """What is no link is shown as it was sent: a runbook may be a sentence."""
        shown = {link.url for link in self.links}
        return {
            name: linked(text) for name, text in self.alert.annotations.items() if text not in shown
        }


@dataclass(frozen=True)
class IncidentPage:
    """The context of the page. What is None is not to be had now.

    ``next_people`` are paged next, unless somebody takes it, and ``next_at`` is when. ``undo`` is
    until when the viewer may take back their own resolution. ``filled`` is what was typed into a
    form that was refused.
    """

    incident: Incident
    actions: Sequence[Action]
    moments: Sequence[Moment] | None
    oldest_first: bool
    alerts: Sequence[AlertCard] | None
    told: Sequence[Told] | None
    next_people: Sequence[str]
    next_at: datetime | None
    people: Sequence[Ref]
    undo: datetime | None
    can_act: bool
    filled: Filled
    topic: str

    @property
    def here(self) -> str:
        """The same page again."""
        order = "?order=oldest" if self.oldest_first else ""
        return f"/incidents/{self.incident.id}{order}"

    @property
    def more_alerts(self) -> bool:
        """Whether it has more alerts than are shown."""
        return self.alerts is not None and len(self.alerts) == MOST_ALERTS

    @property
    def runbooks(self) -> Sequence[Link]:
        """What its alerts say to do, each once."""
        found = {
            link.url: link
            for card in self.alerts or ()
            for link in card.links
            if "runbook" in link.name.lower()
        }
        return list(found.values())[:MOST_RUNBOOKS]


def links(alert: IncidentAlert) -> list[Link]:
    """The alert's links that lead to a web page.

    They come from outside: a ``javascript:`` address would act in the reader's name. Runbooks and
    dashboards are annotations by convention.
    """
    found = {url: name for name, url in alert.links.items()}
    for name, text in alert.annotations.items():
        if not any(character.isspace() for character in text):
            found.setdefault(text, name)
    return [Link(name.removesuffix("_url"), url) for url, name in found.items() if _is_web(url)]


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


async def load(
    services: Services,
    viewer: Viewer,
    reference: UUID | int,
    *,
    filled: Filled = NOTHING,
    oldest_first: bool = False,
) -> tuple[IncidentPage, list[Notice]]:
    """Ask for the incident and what belongs to it.

    Raises:
        NotFound: there is no such incident.
        Down: incident-management does not answer.
    """
    asking = Asking()
    incident = await services.incidents.get(viewer.token, reference)
    timeline, alerts, why, runs, people = await asyncio.gather(
        asking.for_(services.incidents.timeline(viewer.token, incident.id)),
        asking.for_(services.incidents.alerts(viewer.token, incident.id)),
        asking.for_(services.incidents.why(viewer.token, incident.id)),
        asking.for_(services.oncall.running(viewer.token, incident.id)),
        asking.for_(services.oncall.everybody(viewer.token)),
    )
    run = next(iter(runs or ()), None)
    page = IncidentPage(
        incident=incident,
        actions=buttons(incident, viewer.role),
        moments=None if timeline is None else moments(timeline, oldest_first=oldest_first),
        oldest_first=oldest_first,
        alerts=None if alerts is None else [AlertCard(alert, links(alert)) for alert in alerts],
        told=told(why.pages, incident) if why else None,
        next_people=[person.name for person in run.next_people] if run else (),
        next_at=run.due_at if run else None,
        people=people or (),
        undo=_undo(incident, viewer, services.clock.now()),
        can_act=viewer.can_act,
        filled=filled,
        topic=topic_of(incident.id),
    )
    return page, asking.notices


def _undo(incident: Incident, viewer: Viewer, now: datetime) -> datetime | None:
    """Until when a resolution can be taken back by whoever asked for it."""
    if incident.resolved_at is None or incident.resolved_by != viewer.name or not viewer.can_act:
        return None
    until = incident.resolved_at + UNDO
    return until if now < until and incident.merged_into is None else None


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    reference: UUID | int,
    *,
    notices: Sequence[Notice] = (),
    status: int = 200,
    filled: Filled = NOTHING,
    said: str = "",
) -> Response[str]:
    """The page or its fragment, with ``notices`` above whatever else there is to say.

    ``filled`` is a form that could not be kept, so that nobody types it twice.
    """
    oldest_first = request.query_params.get("order") == "oldest"
    try:
        page, more = await load(
            services, viewer, reference, filled=filled, oldest_first=oldest_first
        )
    except Down as error:
        if wants_fragment(request):
            return services.renderer.keep(request, [*notices, down(error)])
        raise
    return services.renderer.page(
        request, "incident", page, notices=[*notices, *more], status=status, said=said
    )


def reference_of(text: str) -> UUID | int:
    """What an address names: an id, or a number as people say it (42, INC-42).

    Raises:
        NotFound: it can be neither.
    """
    number = text.upper().removeprefix("INC-")
    if number.isascii() and number.isdigit() and len(number) < LONGEST_NUMBER:
        return int(number)
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(say("An incident is named by its number, like INC-42.")) from None


@get("/incidents/{incident:str}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    incident: FromPath[str],
) -> Response[str]:
    """The incident."""
    return await respond(request, services, viewer, reference_of(incident))
