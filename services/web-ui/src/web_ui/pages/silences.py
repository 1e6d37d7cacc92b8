"""``/silences``: what holds alerts back: silences, and rules by which one alert explains others."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from web_ui.addresses import with_query
from web_ui.forms import REFUSALS, Filled, Wrong, filled
from web_ui.ingested import InhibitionRule, Silence
from web_ui.matching import lines, written
from web_ui.notices import Asking
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

ADDRESS = "/silences"
TOPIC = "silences"
PAGE_SIZE = 50
OVER = "over"
RULE_FIELDS = ("name", "source", "target", "equal", "comment")
INHIBITION = f"{ADDRESS}/inhibition"


@dataclass(frozen=True)
class Rule:
    """A rule of inhibition, its matchers as they are written."""

    stored: InhibitionRule
    source: Sequence[str]
    target: Sequence[str]


@dataclass(frozen=True)
class SilencesPage:
    """The context of the page; ``items`` and ``rules`` are None where they are not known now.

    ``over``: those that are over are shown, too.
    """

    items: Sequence[Silence] | None
    over: bool
    here: str
    first: str | None
    older: str | None
    rules: Sequence[Rule] | None
    typed: Mapping[str, str]
    wrong: Wrong
    can_act: bool


def rule_command(form: Filled) -> dict[str, Any]:
    """A rule as alert-ingestion takes it."""
    given: dict[str, Any] = {
        "name": form.one("name"),
        "source": lines(form.one("source")),
        "target": lines(form.one("target")),
        "equal": form.one("equal").replace(",", " ").split(),
    }
    return given | ({"comment": form.one("comment")} if form.one("comment") else {})


async def _respond(
    request: Request[Any, Any, Any], services: Services, viewer: Viewer, reply: Reply = FIRST
) -> Response[str]:
    query = request.query_params
    over = query.get("show", "") == OVER
    cursor = query.get("cursor") or None
    asking, ask = Asking(), services.ingestion
    wanted: dict[str, Any] = {"limit": PAGE_SIZE}
    wanted |= {"over": True} if over else {}
    wanted |= {"cursor": cursor} if cursor else {}
    found, rules = await asyncio.gather(
        asking.for_(ask.silences(viewer.token, wanted)),
        asking.for_(ask.inhibition_rules(viewer.token)),
    )
    shown = OVER if over else None
    form = reply.form or Filled()
    page = SilencesPage(
        items=None if found is None else found.items,
        over=over,
        here=with_query(ADDRESS, show=shown, cursor=cursor),
        first=with_query(ADDRESS, show=shown) if cursor else None,
        older=(
            with_query(ADDRESS, show=shown, cursor=found.next_cursor)
            if found and found.next_cursor
            else None
        ),
        rules=None if rules is None else [_shown(one) for one in rules],
        typed={name: form.one(name) for name in RULE_FIELDS},
        wrong=reply.wrong,
        can_act=viewer.can_act,
    )
    notices = [*reply.notices, *asking.notices]
    return services.renderer.page(
        request, "silences", page, notices=notices, status=reply.status, lacking=found is None
    )


def _shown(rule: InhibitionRule) -> Rule:
    return Rule(rule, [written(one) for one in rule.source], [written(one) for one in rule.target])


@get(ADDRESS, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer)


@post(INHIBITION, include_in_schema=False, status_code=200)
async def add_rule(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """Hold alerts back while another explains them."""
    form = await filled(request)
    try:
        await services.ingestion.make_rule(viewer.token, rule_command(form))
    except REFUSALS as error:
        return await _respond(request, services, viewer, refused(error, form))
    return accepted(services, ADDRESS, "created", topic=TOPIC)


@post(f"{INHIBITION}/{{rule_id:uuid}}/end", include_in_schema=False, status_code=200)
async def end_rule(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    rule_id: FromPath[UUID],
) -> Response[Any]:
    """End a rule."""
    try:
        await services.ingestion.end_rule(viewer.token, rule_id)
    except REFUSALS as error:
        return await _respond(request, services, viewer, refused(error))
    return accepted(services, ADDRESS, "expired", topic=TOPIC)
