"""Whether pages lead nowhere in the days ahead: the notice above the dashboard and on-call page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.oncall_api import CoverageView, HoleView
from shared.contracts.wire import Severity
from shared.errors import NotFound
from web_ui.clients import Down, OnCall

BROKEN = "broken"
NO_STEP_FOR_SEVERITY = "no_step_for_severity"
NO_CONTACT_METHOD = "no_contact_method"


@dataclass(frozen=True)
class Uncovered:
    """How many ways are broken, and the first of them.

    ``since`` is None where it was so already when oncall-service looked. ``unreachable`` are those
    of its policy who have no working contact method then; ``severities`` empty: of any.
    """

    broken: int
    team: str
    policy: str
    services: Sequence[str]
    since: datetime | None
    until: datetime | None
    no_step: bool
    severities: Sequence[Severity]
    unreachable: Sequence[str]


async def uncovered(oncall: OnCall, token: str, now: datetime) -> Uncovered | None:
    """What is broken; None when nothing is, or when that cannot be asked.

    No notice of its own then: the page asks the same neighbour for more, and says that it is down.
    """
    try:
        view = await oncall.coverage(token)
    except (Down, NotFound):  # not found: a release that does not look ahead yet
        return None
    return first_broken(view, now)


def first_broken(view: CoverageView, now: datetime) -> Uncovered | None:
    """The broken way that begins first, of those that are not over since the look."""
    broken = [hole for hole in view.holes if hole.level == BROKEN and hole.end > now]
    if not broken:
        return None
    first = min(broken, key=lambda hole: hole.start)
    return Uncovered(
        broken=len(broken),
        team=first.team.name,
        policy=first.policy,
        services=first.services,
        since=first.start if first.start > view.at else None,
        until=first.end if first.end < view.until else None,
        no_step=first.reason == NO_STEP_FOR_SEVERITY,
        severities=first.severities,
        unreachable=_unreachable(view.holes, first),
    )


def _unreachable(holes: Sequence[HoleView], at: HoleView) -> list[str]:
    """Who of the policy has no working contact method when it begins to be broken."""
    names = {
        hole.person.name
        for hole in holes
        if hole.person is not None
        and hole.reason == NO_CONTACT_METHOD
        and (hole.team.id, hole.policy) == (at.team.id, at.policy)
        and hole.start <= at.start < hole.end
    }
    return sorted(names)
