"""The time machine, and why somebody was paged or not."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from oncall_service.core.parameters import TheCore, instant, named_or_none
from oncall_service.paging import simulation, why
from shared.auth import requires
from shared.contracts.identity import Role
from shared.contracts.oncall_api import WhyView
from shared.contracts.rota import SimulationView
from shared.contracts.wire import Severity
from shared.documented import as_responses
from shared.errors import FieldError, Invalid, NotFound
from shared.words.asked import Language
from shared.words.catalogues import preferred, speaking

WEEK_MINUTES = 7 * 24 * 60


@get("/simulate")
async def simulate(
    *,
    core: TheCore,
    accept_language: Language,
    service: Annotated[
        str | None, QueryParameter(max_length=500, description="the service of an alert")
    ] = None,
    team: Annotated[str | None, QueryParameter(max_length=500, description="id or name")] = None,
    severity: FromQuery[Severity] = Severity.HIGH,
    at: Annotated[
        str | None, QueryParameter(max_length=64, description="ISO 8601 instant; default: now")
    ] = None,
    horizon_minutes: Annotated[int, QueryParameter(ge=1, le=WEEK_MINUTES)] = 240,
    answered_by: Annotated[
        str | None,
        QueryParameter(max_length=500, description="who acknowledges; without it: nobody"),
    ] = None,
    answered_after_minutes: Annotated[int, QueryParameter(ge=0, le=WEEK_MINUTES)] = 0,
) -> SimulationView:
    """Who would be paged, how, when, by which step and why, if an incident began at an instant.

    Give the service of an alert, a team, or both. Nothing is sent and nothing is stored.
    """
    if service is None and team is None:
        raise Invalid([FieldError("team", "give a team or a service")])
    question = simulation.Question(
        severity=severity,
        at=instant("at", at) or core.clock.now(),
        horizon=timedelta(minutes=horizon_minutes),
        service=named_or_none("service", service) or "",
        team=named_or_none("team", team),
        answered_by=named_or_none("answered_by", answered_by),
        answered_after=timedelta(minutes=answered_after_minutes),
    )
    return await simulation.simulate(core, question, speaking(preferred(accept_language)))


@get("/incidents/{incident_id:uuid}/why", responses=as_responses(NotFound))
async def explain(
    *,
    core: TheCore,
    accept_language: Language,
    incident_id: FromPath[UUID],
    person: Annotated[
        str | None,
        QueryParameter(max_length=500, description="why this person was, or was not, paged"),
    ] = None,
) -> WhyView:
    """What a past incident's pages came from: every decision, and what became of every message."""
    words = speaking(preferred(accept_language))
    return await why.explain(core, incident_id, named_or_none("person", person), words)


router = Router(
    "/api/v1",
    route_handlers=[simulate, explain],
    guards=[requires(Role.VIEWER)],
    tags=["foresight"],
    security=[{"bearer": []}],
)
