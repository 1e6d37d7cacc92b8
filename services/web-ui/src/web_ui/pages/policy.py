"""``/policies/new`` and ``/policies/{id}``: whom a team pages, step by step, and the holes."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from shared.contracts.configuration import TeamView
from shared.contracts.oncall_api import CoverageView
from shared.contracts.wire import Severity
from web_ui.configuration import PEOPLE, POLICIES, TEAMS
from web_ui.configured import Policy
from web_ui.forms import REFUSALS, Filled, Wrong, filled
from web_ui.notices import Asking
from web_ui.pages import policies
from web_ui.pages.answers import FIRST, Reply, accepted, refused
from web_ui.people import Person
from web_ui.policy_form import HOURS, WEBHOOK, WITHOUT_TEAM, PolicyFields, of, read
from web_ui.services import Services, TheServices, TheViewer
from web_ui.viewer import Viewer


@dataclass(frozen=True)
class Choices:
    """What the form offers."""

    people: Sequence[Person]
    teams: Sequence[TeamView]
    webhook: str = WEBHOOK
    severities: Sequence[Severity] = tuple(Severity)
    without_team: Mapping[str, str] = field(default_factory=lambda: WITHOUT_TEAM)
    hours: Mapping[str, str] = field(default_factory=lambda: HOURS)


@dataclass(frozen=True)
class PolicyPage:
    """The context of the page. ``stored`` is None while it is a form for a new one.

    ``coverage`` is what the form would leave open where that was asked for (``checked``), else what
    is open now. ``secrets`` are those of webhooks made just now, by their URLs, shown this once.
    """

    stored: Policy | None
    typed: PolicyFields
    wrong: Wrong
    checked: bool
    coverage: CoverageView | None
    secrets: Mapping[str, str]
    choices: Choices
    can_edit: bool


@dataclass(frozen=True)
class _Shown:
    """What the page shows beyond what is stored."""

    typed: PolicyFields | None = None
    found: CoverageView | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    reply: Reply = FIRST


def address(which: UUID) -> str:
    """The page of a policy."""
    return f"{policies.ADDRESS}/{which}"


async def _respond(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    which: UUID | None,
    shown: _Shown,
) -> Response[str]:
    asking, ask, token = Asking(), services.configuration, viewer.token
    stored = None if which is None else await ask.one(token, POLICIES, which)
    people, teams, coverage = await asyncio.gather(
        asking.for_(ask.every(token, PEOPLE)),
        asking.for_(ask.every(token, TEAMS)),
        asking.for_(_coverage(services, token, stored, shown.found)),
    )
    page = PolicyPage(
        stored=stored,
        typed=shown.typed or (of(stored) if stored else PolicyFields()),
        wrong=shown.reply.wrong,
        checked=shown.found is not None or stored is None,
        coverage=coverage,
        secrets=shown.secrets,
        choices=Choices(people or (), teams or ()),
        can_edit=viewer.can_configure,
    )
    notices = [*shown.reply.notices, *asking.notices]
    return services.renderer.page(
        request, "policy", page, notices=notices, status=shown.reply.status
    )


async def _coverage(
    services: Services, token: str, stored: Policy | None, found: CoverageView | None
) -> CoverageView | None:
    if found is not None or stored is None:
        return found
    return await services.configuration.coverage(token, stored.team.id)


@get(f"{policies.ADDRESS}/new", include_in_schema=False)
async def new(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[str]:
    """The form for a new one, for the team that the address may name."""
    typed = PolicyFields(team=request.query_params.get("team", "")[:100])
    return await _respond(request, services, viewer, None, _Shown(typed))


@get(f"{policies.ADDRESS}/{{policy_id:uuid}}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    policy_id: FromPath[UUID],
) -> Response[str]:
    """The page."""
    return await _respond(request, services, viewer, policy_id, _Shown())


@post(policies.ADDRESS, include_in_schema=False, status_code=200)
async def create(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Response[Any]:
    """A button of the form for a new one."""
    return await _press(request, services, viewer, None, await filled(request))


@post(f"{policies.ADDRESS}/{{policy_id:uuid}}", include_in_schema=False, status_code=200)
async def change(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    policy_id: FromPath[UUID],
) -> Response[Any]:
    """A button of the form."""
    return await _press(request, services, viewer, policy_id, await filled(request))


async def _press(
    request: Request[Any, Any, Any],
    services: Services,
    viewer: Viewer,
    which: UUID | None,
    form: Filled,
) -> Response[Any]:
    """A part added, moved or removed, the check, or all of it saved."""
    typed = read(form)
    ask, action = services.configuration, form.one("do") or "save"
    try:
        if action == "check":
            found = await ask.preview(viewer.token, {"policy": typed.command()})
            return await _respond(request, services, viewer, which, _Shown(typed, found))
        if action != "save":
            return await _respond(request, services, viewer, which, _Shown(typed))
        if which is None:
            saved = await ask.create(viewer.token, POLICIES, typed.command())
        else:
            saved = await ask.change(viewer.token, POLICIES, which, typed.command())
    except REFUSALS as error:
        shown = _Shown(typed, reply=refused(error, form))
        return await _respond(request, services, viewer, which, shown)
    secrets = _secrets(saved)
    if secrets:
        services.broadcast.publish(policies.TOPIC, "")
        return await _respond(request, services, viewer, saved.id, _Shown(secrets=secrets))
    word = "saved" if which else "created_policy"
    return accepted(services, address(saved.id), word, topic=policies.TOPIC)


def _secrets(saved: Policy) -> dict[str, str]:
    targets = (target for step in saved.steps for target in step.targets)
    return {target.url or "": target.secret for target in targets if target.secret}


@post(f"{policies.ADDRESS}/{{policy_id:uuid}}/remove", include_in_schema=False, status_code=200)
async def remove(
    request: Request[Any, Any, Any],
    services: TheServices,
    viewer: TheViewer,
    policy_id: FromPath[UUID],
) -> Response[Any]:
    """Remove it, unless a service names it."""
    try:
        await services.configuration.remove(viewer.token, POLICIES, policy_id)
    except REFUSALS as error:
        shown = _Shown(reply=refused(error))
        return await _respond(request, services, viewer, policy_id, shown)
    return accepted(services, policies.ADDRESS, "removed", topic=policies.TOPIC)
