"""``/notifications``: every message to a person, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from shared.contracts.oncall_api import NotificationView
from web_ui.addresses import with_query
from web_ui.notices import Asking, Notice
from web_ui.reading import say, word
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

PATH = "/notifications"

# The title of these says what they are.
_PLAIN_KINDS = frozenset({"page", "test"})


@dataclass(frozen=True)
class Line:
    """A notification, with the name of its kind where its title leaves that open, and remarks."""

    notification: NotificationView
    label: str | None
    remarks: Sequence[str]


@dataclass(frozen=True)
class NotificationsPage:
    """The context of the page; ``items`` is None while oncall-service does not answer."""

    items: Sequence[Line] | None
    incident_id: UUID | None
    first: str | None
    older: str | None


async def load(
    services: Services, viewer: Viewer, cursor: str | None, incident_id: UUID | None
) -> tuple[NotificationsPage, list[Notice]]:
    """One page, of one incident or of all."""
    asking = Asking()
    page = await asking.for_(services.oncall.notifications(viewer.token, cursor, incident_id))
    only = str(incident_id) if incident_id else None
    following = page.next_cursor if page else None
    return (
        NotificationsPage(
            items=None if page is None else [line(item) for item in page.items],
            incident_id=incident_id,
            first=with_query(PATH, incident=only) if cursor else None,
            older=with_query(PATH, incident=only, cursor=following) if following else None,
        ),
        asking.notices,
    )


def line(item: NotificationView) -> Line:
    """How a notification is shown."""
    label = None if item.kind in _PLAIN_KINDS else word(item.kind)
    reason = word(item.reason) if item.reason != item.kind else ""
    # What was sent or given up says it in its detail, with how many others.
    together = (
        say("In one message with others") if item.bundle_id and item.outcome == "pending" else ""
    )
    return Line(item, label, [said for said in (reason, item.detail, together) if said])


@get(PATH, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page; ``?incident=`` shows one incident's, ``?cursor=`` goes on from a page before."""
    query = request.query_params
    page, notices = await load(
        services, viewer, query.get("cursor") or None, _uuid(query.get("incident"))
    )
    return services.renderer.page(request, "notifications", page, notices=notices)


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None
