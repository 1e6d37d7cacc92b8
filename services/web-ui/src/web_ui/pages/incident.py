"""``/incidents/{id}``: one incident, its timeline and alerts, and what can be done with it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath

from shared.contracts.incident_api import IncidentAlert
from shared.contracts.incidents import Incident
from shared.errors import NotFound
from web_ui.actions import Action, buttons
from web_ui.clients import MOST_ALERTS, Down
from web_ui.live import topic_of
from web_ui.notices import Asking, Notice, down
from web_ui.reading import say
from web_ui.rendering import wants_fragment
from web_ui.services import Services, TheServices, TheViewer
from web_ui.timeline import Moment, moments
from web_ui.viewer import Viewer

LONGEST_NOTE = 10_000
LONGEST_NUMBER = 18


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
    def annotations(self) -> dict[str, str]:
        """What is no link is shown as it was sent: a runbook may be a sentence."""
        linked = {link.url for link in self.links}
        return {name: text for name, text in self.alert.annotations.items() if text not in linked}


@dataclass(frozen=True)
class IncidentPage:
    """The context of the page. ``moments`` and ``alerts`` are None when they are not to be had."""

    incident: Incident
    actions: Sequence[Action]
    moments: Sequence[Moment] | None
    alerts: Sequence[AlertCard] | None
    more_alerts: bool
    can_act: bool
    note: str
    topic: str


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
    services: Services, viewer: Viewer, reference: UUID | int, *, note: str = ""
) -> tuple[IncidentPage, list[Notice]]:
    """Ask for the incident and what belongs to it.

    Raises:
        NotFound: there is no such incident.
        Down: incident-management does not answer.
    """
    asking = Asking()
    incident = await services.incidents.get(viewer.token, reference)
    timeline, alerts = await asyncio.gather(
        asking.for_(services.incidents.timeline(viewer.token, incident.id)),
        asking.for_(services.incidents.alerts(viewer.token, incident.id)),
    )
    page = IncidentPage(
        incident=incident,
        actions=buttons(incident, viewer.role),
        moments=None if timeline is None else moments(timeline),
        alerts=None if alerts is None else [AlertCard(alert, links(alert)) for alert in alerts],
        more_alerts=alerts is not None and len(alerts) == MOST_ALERTS,
        can_act=viewer.can_act,
        note=note,
        topic=topic_of(incident.id),
    )
    return page, asking.notices


async def respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    reference: UUID | int,
    *,
    notices: Sequence[Notice] = (),
    status: int = 200,
    note: str = "",
    said: str = "",
) -> Response[str]:
    """The page or its fragment, with ``notices`` above whatever else there is to say.

    ``note`` is the text of a note that could not be kept, so that nobody types it twice.
    """
    try:
        page, more = await load(services, viewer, reference, note=note)
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
