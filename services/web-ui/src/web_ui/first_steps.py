"""What a new installation still lacks until it pages somebody for an alert."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from shared.contracts.configuration import ServiceView, TeamView
from shared.contracts.wire import Page
from shared.errors import Forbidden
from web_ui.clients import Down
from web_ui.configuration import PEOPLE, POLICIES, SCHEDULES, SERVICES, TEAMS
from web_ui.configured import Policy, Schedule
from web_ui.ingested import Alert
from web_ui.ingestion import Sender
from web_ui.people import Person
from web_ui.reading import sentence
from web_ui.services import Services
from web_ui.viewer import Viewer

Answered = TypeVar("Answered")


@dataclass(frozen=True)
class FirstStep:
    """One of them; ``done`` is None where it cannot be told now, or not to this reader."""

    title: str
    text: str
    link: str
    address: str
    done: bool | None


@dataclass(frozen=True)
class FirstSteps:
    """All of them in the order in which they are taken."""

    steps: Sequence[FirstStep]

    @property
    def finished(self) -> bool:
        """Whether nothing is known to be left."""
        return not any(step.done is False for step in self.steps)

    @property
    def taken(self) -> int:
        """How many are done."""
        return sum(step.done is True for step in self.steps)

    @property
    def coming(self) -> FirstStep | None:
        """The first that is left."""
        return next((step for step in self.steps if step.done is False), None)


async def first_steps(services: Services, viewer: Viewer) -> FirstSteps:
    """What is done and what is left, asked of both neighbours; who is down leaves it open."""
    ask, token = services.configuration, viewer.token
    configured = asyncio.gather(
        ask.every(token, PEOPLE),
        ask.every(token, TEAMS),
        ask.every(token, SCHEDULES),
        ask.every(token, POLICIES),
        ask.every(token, SERVICES),
        return_exceptions=True,
    )
    sent = asyncio.gather(
        services.ingestion.senders(token),
        services.ingestion.alerts(token, {"limit": 1}),
        return_exceptions=True,
    )
    (people, teams, schedules, policies, directory), (senders, alerts) = await asyncio.gather(
        configured, sent
    )
    those_teams, those_schedules = _known(teams), _known(schedules)
    return FirstSteps(
        [
            *_of_people(_known(people), those_schedules),
            *_of_teams(those_teams, those_schedules, _known(policies), _known(directory)),
            *_of_senders(_known(senders), _known(alerts)),
        ]
    )


def _of_people(
    people: list[Person] | None, schedules: list[Schedule] | None
) -> tuple[FirstStep, FirstStep]:
    layers = [layer for each in schedules or () for layer in each.layers]
    turns = {one.id for layer in layers for one in layer.participants}
    # Before anybody takes turns, it is about whoever there is.
    asked = [each for each in people or () if not turns or each.id in turns]
    # The administrator that an installation begins with is not on call by that.
    known = None if people is None else len(people) > 1 or bool(turns)
    return (
        FirstStep(
            sentence("People"),
            sentence("Whoever is on call, each with a login of their own."),
            sentence("Add a person"),
            "/people/new",
            known,
        ),
        FirstStep(
            sentence("Contact methods"),
            sentence("A way that pages reach somebody who is on call: e-mail, ntfy, Web Push …"),
            sentence("See who can be paged"),
            "/people",
            None if people is None else any(each.heard for each in asked),
        ),
    )


def _of_teams(
    teams: list[TeamView] | None,
    schedules: list[Schedule] | None,
    policies: list[Policy] | None,
    directory: list[ServiceView] | None,
) -> tuple[FirstStep, FirstStep, FirstStep, FirstStep]:
    turns = {each.team.id for each in schedules or () if each.layers}
    # The catch-all team is there from the beginning, with the administrator and a policy.
    begun = [each for each in teams or () if not each.catch_all or len(each.members) > 1]
    # What comes next is about the team that was just made.
    asked = [each for each in begun if not each.catch_all]
    its = f"?team={asked[0].id}" if len(asked) == 1 else ""
    catches = any(each.catch_all and each.id in turns for each in teams or ())
    return (
        FirstStep(
            sentence("A team"),
            sentence("People who answer for services together."),
            sentence("Add a team"),
            "/teams/new",
            None if teams is None else bool(begun),
        ),
        FirstStep(
            sentence("A schedule"),
            sentence("Who of a team is on call, and when they hand over."),
            sentence("Add a schedule"),
            f"/schedules/new{its}",
            None if schedules is None else bool(turns),
        ),
        FirstStep(
            sentence("An escalation policy"),
            sentence("Whom to page first, how long to wait, and whom then."),
            sentence("Add a policy"),
            f"/policies/new{its}",
            None if policies is None else any(each.team.id in turns for each in policies),
        ),
        FirstStep(
            sentence("A service"),
            sentence("What a team answers for; whatever has no team goes to the catch-all team."),
            sentence("Add a service"),
            f"/services{its}",
            None if directory is None else catches or bool(directory),
        ),
    )


def _of_senders(
    senders: list[Sender] | None, alerts: Page[Alert] | None
) -> tuple[FirstStep, FirstStep]:
    live = None if senders is None else [each for each in senders if each.revoked_at is None]
    return (
        FirstStep(
            sentence("An integration"),
            sentence("A key by which Prometheus, Grafana or anything else sends alerts."),
            sentence("Add an integration"),
            "/integrations/new",
            # One is there from the beginning, whose key no page has shown.
            None if live is None else len(live) > 1 or any(each.last_seen for each in live),
        ),
        FirstStep(
            sentence("A test alert"),
            sentence("Send one from the integration's page, be paged, and acknowledge it."),
            sentence("To the integrations"),
            "/integrations",
            # An integration hears senders alone; the button of its page sends past its key.
            None if alerts is None else bool(alerts.items),
        ),
    )


def _known(answer: Answered | BaseException) -> Answered | None:
    """The answer; None where the neighbour is down, or tells administrators alone."""
    if isinstance(answer, Down | Forbidden):
        return None
    if isinstance(answer, BaseException):
        raise answer
    return answer
