"""``/audit``: who changed what, in both services that keep a record of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from shared.contracts.audit import AuditEntry
from shared.contracts.wire import Page
from web_ui.addresses import with_query
from web_ui.audit_trail import (
    KINDS,
    PAGE_SIZE,
    Difference,
    Place,
    Told,
    differences,
    merged,
)
from web_ui.configuration import PEOPLE, POLICIES, SCHEDULES, SERVICES, TEAMS
from web_ui.notices import Asking
from web_ui.people import Person
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

ADDRESS = "/audit"
LONGEST_FILTER = 100

Ask = Callable[[str, Mapping[str, Any]], Awaitable[Page[AuditEntry]]]


@dataclass(frozen=True)
class Filters:
    """Whose changes (an id), of what kind, of which thing (an id)."""

    actor: str = ""
    kind: str = ""
    subject: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for."""
        return self != Filters()

    def asked(self, place: Place) -> dict[str, Any]:
        """As both services take them."""
        given = {
            "actor_id": self.actor,
            "subject_kind": self.kind,
            "subject_id": self.subject,
            "cursor": place.cursor,
        }
        return {"limit": PAGE_SIZE} | {name: value for name, value in given.items() if value}

    def address(self, **more: str) -> str:
        """The page these filters show."""
        return with_query(ADDRESS, actor=self.actor, kind=self.kind, subject=self.subject, **more)


@dataclass(frozen=True)
class Line:
    """A change: of what (``name`` where it is known), done how, and what differs."""

    entry: AuditEntry
    deed: str
    name: str
    address: str
    all_of_it: str
    differences: Sequence[Difference]


@dataclass(frozen=True)
class AuditPage:
    """The context of the page; ``lines`` is None while neither service answers."""

    lines: Sequence[Line] | None
    filters: Filters
    people: Sequence[Person]
    kinds: Sequence[str]
    first: str | None
    older: str | None


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    query = request.query_params

    def given(name: str) -> str:
        return str(query.get(name, "")).strip()[:LONGEST_FILTER]

    filters = Filters(given("actor"), given("kind"), given("subject"))
    places = [Place.of(query.get("o", "")), Place.of(query.get("a", ""))]
    asking = Asking()
    sources: list[Ask] = [services.configuration.audit, services.ingestion.audit]
    people, names, told = await asyncio.gather(
        asking.for_(services.configuration.every(viewer.token, PEOPLE)),
        _names(services, viewer, asking),
        asyncio.gather(
            *(
                _told(asking, viewer, ask, place, filters)
                for ask, place in zip(sources, places, strict=True)
            )
        ),
    )
    entries, (ours, theirs) = merged(told)
    known = {**names, **{str(one.id): one.name for one in people or ()}}
    over = ours.over and theirs.over
    page = AuditPage(
        lines=[_line(entry, known) for entry in entries] if entries or not asking.notices else None,
        filters=filters,
        people=people or (),
        kinds=sorted(KINDS),
        first=filters.address() if any(place.text for place in places) else None,
        older=None if over else filters.address(o=ours.text, a=theirs.text),
    )
    return services.renderer.page(request, "audit", page, notices=asking.notices)


async def _told(asking: Asking, viewer: Viewer, ask: Ask, place: Place, filters: Filters) -> Told:
    if place.over:
        return Told(place, None)
    return Told(place, await asking.for_(ask(viewer.token, filters.asked(place))))


async def _names(services: Services, viewer: Viewer, asking: Asking) -> dict[str, str]:
    """The names of what there is now, by the ids."""
    kinds = (TEAMS, SCHEDULES, POLICIES, SERVICES)
    lists = await asyncio.gather(
        *(asking.for_(services.configuration.every(viewer.token, kind)) for kind in kinds)
    )
    return {str(one.id): one.name for found in lists for one in found or ()}


def _line(entry: AuditEntry, names: Mapping[str, str]) -> Line:
    state = entry.after or entry.before or {}
    name = names.get(entry.subject_id) or state.get("name")
    base = KINDS.get(entry.subject_kind, "")
    return Line(
        entry=entry,
        deed=entry.action.partition(".")[2] or entry.action,
        name=str(name) if isinstance(name, str) else "",
        address=f"{base}/{entry.subject_id}" if base and entry.after is not None else "",
        all_of_it=Filters(kind=entry.subject_kind, subject=entry.subject_id).address(),
        differences=differences(entry),
    )
