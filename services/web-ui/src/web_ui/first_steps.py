"""What a new installation still lacks until it pages somebody for an alert."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from shared.errors import Forbidden
from web_ui.clients import Down
from web_ui.configuration import PEOPLE, POLICIES, SCHEDULES, TEAMS
from web_ui.configured import Schedule
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
    people, teams, schedules, policies, senders = await asyncio.gather(
        ask.every(token, PEOPLE),
        ask.every(token, TEAMS),
        ask.every(token, SCHEDULES),
        ask.every(token, POLICIES),
        services.ingestion.senders(token),
        return_exceptions=True,
    )
    those_teams, those_policies = _known(teams), _known(policies)
    return FirstSteps(
        [
            *_of_people(_known(people), _known(schedules)),
            FirstStep(
                sentence("A team"),
                sentence("People who answer for services together."),
                sentence("Add a team"),
                "/teams/new",
                _any(those_teams),
            ),
            FirstStep(
                sentence("A schedule"),
                sentence("Who of a team is on call, and when they hand over."),
                sentence("Add a schedule"),
                "/schedules/new",
                _has_turns(_known(schedules)),
            ),
            FirstStep(
                sentence("An escalation policy"),
                sentence("Whom to page first, how long to wait, and whom then."),
                sentence("Add a policy"),
                "/policies/new",
                _any(those_policies),
            ),
            *_of_senders(_known(senders)),
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
            None if people is None else any(each.reachable for each in asked),
        ),
    )


def _of_senders(senders: list[Sender] | None) -> tuple[FirstStep, FirstStep]:
    live = None if senders is None else [each for each in senders if each.revoked_at is None]
    return (
        FirstStep(
            sentence("An integration"),
            sentence("A key by which Prometheus, Grafana or anything else sends alerts."),
            sentence("Add an integration"),
            "/integrations/new",
            _any(live),
        ),
        FirstStep(
            sentence("A test alert"),
            sentence("Send one from the integration's page, be paged, and acknowledge it."),
            sentence("To the integrations"),
            "/integrations",
            None if live is None else any(each.last_seen for each in live),
        ),
    )


def _has_turns(schedules: list[Schedule] | None) -> bool | None:
    return None if schedules is None else any(each.layers for each in schedules)


def _any(items: Sequence[object] | None) -> bool | None:
    return None if items is None else bool(items)


def _known(answer: list[Answered] | BaseException) -> list[Answered] | None:
    """The answer; None where the neighbour is down, or tells administrators alone."""
    if isinstance(answer, Down | Forbidden):
        return None
    if isinstance(answer, BaseException):
        raise answer
    return answer
