"""``/simulate``: the time machine. Who would be paged, when and why, if trouble began then."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from shared.contracts.configuration import TeamView
from shared.contracts.rota import SimulationView
from shared.contracts.wire import Ref, Severity
from shared.errors import Invalid, NotFound
from web_ui import reading
from web_ui.configuration import TEAMS
from web_ui.forms import Filled, Wrong, refusal, wrong
from web_ui.notices import Asking, Notice
from web_ui.reading import say
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer

PATH = "/simulate"
HORIZONS = (60, 240, 720, 1440)


@dataclass(frozen=True)
class SimulatePage:
    """The context of the page; ``found`` is None until something is asked."""

    filled: Filled
    wrong: Wrong
    known: Sequence[str]
    teams: Sequence[TeamView]
    people: Sequence[Ref]
    severities: Sequence[Severity]
    horizons: Sequence[int]
    found: SimulationView | None


async def load(
    services: Services, viewer: Viewer, form: Filled
) -> tuple[SimulatePage, list[Notice], int]:
    """The form, and the answer to what was asked by it."""
    asking, token = Asking(), viewer.token
    known, teams, people = await asyncio.gather(
        asking.for_(services.oncall.known_services(token)),
        asking.for_(services.configuration.every(token, TEAMS)),
        asking.for_(services.oncall.everybody(token)),
    )
    found, failed, notices, status = None, Wrong(), asking.notices, 200
    if form.one("service") or form.one("team"):
        try:
            found = await asking.for_(services.rota.simulate(token, _question(form)))
            notices = asking.notices
        except (Invalid, NotFound) as error:
            failed, notices, status = wrong(error), [*notices, _why(error)], error.status
    page = SimulatePage(
        filled=form,
        wrong=failed,
        known=known or (),
        teams=teams or (),
        people=people or (),
        severities=list(Severity),
        horizons=HORIZONS,
        found=found,
    )
    return page, notices, status


def _question(form: Filled) -> dict[str, Any]:
    given = {name: form.one(name) for name in ("service", "team", "severity", "answered_by")}
    question: dict[str, Any] = {name: value for name, value in given.items() if value}
    if form.one("at"):
        try:
            question["at"] = reading.typed(form.one("at")).isoformat()
        except ValueError:
            raise Invalid([], say("The time cannot be read.")) from None
    for name in ("horizon_minutes", "answered_after_minutes"):
        number = form.number(name)
        if number is not None:
            question[name] = number
    return question


def _why(error: Invalid | NotFound) -> Notice:
    notice = refusal(error)
    return Notice("error", say("This cannot be told."), notice.text)


@get(PATH, include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The form is a GET: a question can be kept and sent as an address."""
    form = Filled({name: [str(value)] for name, value in request.query_params.items()})
    page, notices, status = await load(services, viewer, form)
    return services.renderer.page(request, "simulate", page, notices=notices, status=status)
