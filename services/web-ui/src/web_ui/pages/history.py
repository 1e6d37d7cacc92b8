"""``/history``: incidents that are over, or all of them, by status, severity, service and text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from litestar import Request, Response, get

from shared.contracts.incidents import Incident, Status
from shared.contracts.wire import Severity
from shared.errors import Invalid
from web_ui.addresses import with_query
from web_ui.clients import Search
from web_ui.notices import Asking, Notice
from web_ui.reading import say
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

PATH = "/history"
PAGE_SIZE = 50
LONGEST_FILTER = 200
ANY = "any"


@dataclass(frozen=True)
class Filters:
    """What the form asks for; ``status`` is a status or ``any``."""

    status: str = Status.RESOLVED.value
    severity: str = ""
    service: str = ""
    text: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but the default is asked for."""
        return self != Filters()

    def address(self, cursor: str | None = None) -> str:
        """The page these filters show."""
        return with_query(
            PATH,
            status=self.status if self.status != Status.RESOLVED.value else None,
            severity=self.severity,
            service=self.service,
            text=self.text,
            cursor=cursor,
        )

    def search(self, cursor: str | None) -> Search:
        """As a question to incident-management."""
        return Search(
            statuses=[] if self.status == ANY else [Status(self.status)],
            severities=[self.severity] if self.severity else [],
            service=self.service,
            text=self.text,
            cursor=cursor,
            limit=PAGE_SIZE,
        )


@dataclass(frozen=True)
class HistoryPage:
    """The context of the page; ``items`` is None while incident-management does not answer."""

    filters: Filters
    statuses: Sequence[str]
    severities: Sequence[str]
    items: Sequence[Incident] | None
    first: str | None
    older: str | None


def filters_of(query: Mapping[str, str]) -> Filters:
    """The filters of an address; a value that does not exist counts as not given."""
    status, severity = query.get("status", ""), query.get("severity", "")
    return Filters(
        status=status if status == ANY or status in list(Status) else Status.RESOLVED.value,
        severity=severity if severity in list(Severity) else "",
        service=query.get("service", "").strip()[:LONGEST_FILTER],
        text=query.get("text", "").strip()[:LONGEST_FILTER],
    )


async def load(
    services: Services, viewer: Viewer, filters: Filters, cursor: str | None
) -> tuple[HistoryPage, list[Notice]]:
    """One page of incidents, newest first."""
    asking = Asking()
    empty = HistoryPage(
        filters=filters,
        statuses=[Status.RESOLVED.value, ANY, *(s.value for s in Status if s != Status.RESOLVED)],
        severities=[severity.value for severity in Severity],
        items=None,
        first=filters.address() if cursor else None,
        older=None,
    )
    try:
        page = await asking.for_(services.incidents.search(viewer.token, filters.search(cursor)))
    except Invalid as error:
        return replace(empty, items=[]), [
            Notice("error", say("This cannot be searched."), say(error.detail))
        ]
    if page is None:
        return empty, asking.notices
    older = filters.address(page.next_cursor) if page.next_cursor else None
    return replace(empty, items=page.items, older=older), asking.notices


@get(PATH, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    query = request.query_params
    page, notices = await load(services, viewer, filters_of(query), query.get("cursor") or None)
    return services.renderer.page(request, "history", page, notices=notices)
