"""``/inbox``: requests as they came, the dead letters first; replay what fits."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post

from shared.contracts.wire import Ref
from web_ui.addresses import with_query
from web_ui.alert_filters import an_id, one_of
from web_ui.forms import REFUSALS, filled, refusal
from web_ui.ingested import KeptRequest, ReplaySummary
from web_ui.notices import Asking, Notice
from web_ui.pages.alerts import senders_of
from web_ui.reading import many, say
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

ADDRESS = "/inbox"
TOPIC = "inbox"
PAGE_SIZE = 50
LONGEST = 100
ANY = "any"
STATES = ("dead", "paused", "replayed", "taken")
WAITING = ("dead", "paused")
FORMATS = (
    "native",
    "alertmanager",
    "alertmanager-webhook",
    "grafana-webhook",
    "cloudevents",
    "generic",
    "heartbeat",
    "pagerduty",
    "pagerduty-change",
    "opsgenie",
    "opsgenie-close",
    "opsgenie-acknowledge",
    "opsgenie-note",
    "opsgenie-heartbeat",
)


@dataclass(frozen=True)
class Filters:
    """Which requests: dead letters unless another state is asked for; ``any``: of all states."""

    state: str = "dead"
    integration: str = ""
    format: str = ""
    reason: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything beside the dead letters is asked for."""
        return self != Filters()

    @property
    def named(self) -> dict[str, str]:
        """As the form sends them."""
        return {
            "state": self.state,
            "integration": self.integration,
            "format": self.format,
            "reason": self.reason,
        }

    @property
    def replayable(self) -> bool:
        """Whether what they show may wait for a replay."""
        return self.state in {*WAITING, ANY}

    def address(self, cursor: str | None = None) -> str:
        """The page these filters show."""
        return with_query(ADDRESS, **self.named, cursor=cursor)

    def asked(self, **more: Any) -> dict[str, Any]:
        """As alert-ingestion takes them."""
        given = {**self.named, "state": "" if self.state == ANY else self.state, **more}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True)
class InboxPage:
    """The context of the page; ``items`` is None while alert-ingestion does not answer."""

    filters: Filters
    here: str
    states: Sequence[str]
    formats: Sequence[str]
    integrations: Sequence[Ref]
    items: Sequence[KeptRequest] | None
    first: str | None
    older: str | None


def of_query(query: Mapping[str, str]) -> Filters:
    """The filters of an address; a value that does not exist counts as not given."""
    return Filters(
        state=one_of(query, "state", (*STATES, ANY)) or "dead",
        integration=an_id(query, "integration"),
        format=one_of(query, "format", FORMATS),
        reason=query.get("reason", "").strip().replace("\x00", "")[:LONGEST],
    )


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    filters: Filters,
    *,
    cursor: str | None = None,
    notices: Sequence[Notice] = (),
    status: int = 200,
) -> Response[str]:
    asking, ask = Asking(), services.ingestion
    found, senders = await asyncio.gather(
        asking.for_(ask.inbox(viewer.token, filters.asked(limit=PAGE_SIZE, cursor=cursor))),
        asking.for_(senders_of(services, viewer)),
    )
    items = None if found is None else found.items
    page = InboxPage(
        filters=filters,
        here=filters.address(cursor),
        states=(*STATES, ANY),
        formats=FORMATS,
        integrations=senders
        or list({one.integration.id: one.integration for one in items or ()}.values()),
        items=items,
        first=filters.address() if cursor else None,
        older=filters.address(found.next_cursor) if found and found.next_cursor else None,
    )
    said = [*notices, *asking.notices]
    return services.renderer.page(
        request, "inbox", page, notices=said, status=status, lacking=found is None
    )


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    cursor = request.query_params.get("cursor") or None
    filters = of_query(request.query_params)
    return await _respond(request, services, viewer, filters, cursor=cursor)


@post(f"{ADDRESS}/replay", include_in_schema=False, status_code=200)
async def replay_all(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """Replay all that waits and fits the filters of the form, and say what became of it."""
    form = await filled(request)
    filters = of_query({name: form.one(name) for name in Filters().named})
    try:
        summary = await services.ingestion.replay_all(viewer.token, filters.asked())
    except REFUSALS as error:
        notices = [refusal(error)]
        return await _respond(
            request, services, viewer, filters, notices=notices, status=error.status
        )
    services.broadcast.publish(TOPIC, "")
    return await _respond(request, services, viewer, filters, notices=[told(summary)])


def told(summary: ReplaySummary) -> Notice:
    """What became of many requests."""
    text = " ".join(
        str(part)
        for part in (
            many("It said {count} thing.", "They said {count} things.", summary.alerts),
            many("{count} is dead still.", "{count} are dead still.", summary.dead),
            (
                many("{count} waits, paused.", "{count} wait, paused.", summary.paused)
                if summary.paused
                else ""
            ),
            say("There may be more: replay again.") if summary.last else "",
        )
        if part
    )
    title = many(
        "{count} request was replayed.", "{count} requests were replayed.", summary.replayed
    )
    return Notice("done" if summary.replayed or not summary.dead else "warning", title, text)
