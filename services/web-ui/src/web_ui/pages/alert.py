"""``/alerts/{id}``: one alert with all that its sender said, and what was decided about it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath
from markupsafe import Markup
from pydantic import TypeAdapter, ValidationError

from web_ui.ingested import Alert, Decision
from web_ui.matching import of_labels
from web_ui.notices import Asking
from web_ui.prose import linked
from web_ui.services import TheServices, TheViewer

_INSTANT = TypeAdapter(datetime)
_HOLDERS = {"silenced": "/silences/{}", "inhibited": "/silences#rule-{}"}


@dataclass(frozen=True)
class Told:
    """A decision: why, until when, and where what held the alert back can be seen."""

    at: datetime
    reason: str
    until: datetime | None
    by: Sequence[str]


@dataclass(frozen=True)
class AlertPage:
    """The context of the page; ``decisions`` is None where they cannot be told now."""

    stored: Alert
    message: Markup
    annotations: Mapping[str, Markup]
    links: Mapping[str, str]
    holders: Sequence[str]
    decisions: Sequence[Told] | None
    matchers: str
    can_act: bool


@get("/alerts/{alert_id:uuid}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    alert_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    asking, ask = Asking(), services.ingestion
    stored, decisions = await asyncio.gather(
        ask.alert(viewer.token, alert_id), asking.for_(ask.decisions(viewer.token, alert_id))
    )
    page = AlertPage(
        stored=stored,
        message=linked(stored.message),
        annotations={name: linked(value) for name, value in stored.annotations.items()},
        links={name: url for name, url in stored.links.items() if _leads_to_a_page(url)},
        holders=_holders(stored.held or "", [str(one) for one in stored.held_by]),
        decisions=None if decisions is None else [_told(one) for one in decisions],
        matchers=matchers(stored),
        can_act=viewer.can_act,
    )
    return services.renderer.page(request, "alert", page, notices=asking.notices)


def matchers(alert: Alert) -> str:
    """What a silence of just this would look for: its labels, or where it has none, its service."""
    return of_labels(alert.labels or {"service": alert.service, "alertname": alert.message})


def _told(decision: Decision) -> Told:
    by = decision.data.get("by")
    names = [str(one) for one in by] if isinstance(by, list) else []
    try:
        until = _INSTANT.validate_python(decision.data.get("until"))
    except ValidationError:
        until = None
    return Told(decision.at, decision.reason, until, _holders(decision.reason, names))


def _holders(reason: str, by: Sequence[str]) -> list[str]:
    return [_HOLDERS[reason].format(one) for one in by] if reason in _HOLDERS else []


def _leads_to_a_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
