"""What oncall-service shows on /metrics from its tables, read at each scrape."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.core.metrics import MOST_PEOPLE, MOST_TEAMS
from oncall_service.core.store import lookup
from oncall_service.coverage import store as coverage
from oncall_service.coverage.rules import Level
from oncall_service.metrics import DEFINITIONS
from oncall_service.notifications.store import figures
from oncall_service.notifications.work import PAGE_EVENTS_TOPIC
from oncall_service.paging import store as runs
from oncall_service.people import store as people
from oncall_service.schedules.gaps import GapsAhead
from oncall_service.schedules.oncall import states
from oncall_service.teams import store as team_store
from shared import counters, outbox
from shared.contracts.oncall_api import CurrentView
from shared.metrics import Collect

NOBODY = "nobody"


def collector(core: Core) -> Collect:
    """Counters, who is on call, who is who, and how much is waiting."""
    gaps = GapsAhead()

    async def collect() -> Iterable[Metric]:
        now = core.clock.now()
        async with core.database.transaction() as connection:
            counted = await counters.families(
                connection, DEFINITIONS, await lookup.living(connection)
            )
            waiting = await outbox.families(connection, [PAGE_EVENTS_TOPIC], now=now)
        async with core.database.session() as session:
            return [
                *counted,
                *waiting,
                *await _on_call(session, now, gaps),
                await _people(session),
                _installation(core.settings.web_ui_url),
                *await _engine_work(session, now),
                *await _owed_to_people(session, now),
                *await _coverage(session, now),
            ]

    return collect


async def _on_call(session: AsyncSession, now: datetime, gaps: GapsAhead) -> list[Metric]:
    current = GaugeMetricFamily(
        "oncall_current",
        "Who is on call first; always 1. In a gap the person is 'nobody'.",
        labels=["team", "person"],
    )
    gap = GaugeMetricFamily("oncall_gap", "Whether a team has nobody on call now.", labels=["team"])
    hole = GaugeMetricFamily(
        "oncall_hole",
        "Whether nobody of a team can be reached first: nobody is on call, or whoever is has no "
        "working contact method. A gap that is intended is none.",
        labels=["team"],
    )
    ahead = GaugeMetricFamily(
        "oncall_gap_ahead_seconds",
        "Until nobody is on call first, for teams whose rotation has a gap within 7 days; 0 in it. "
        "Gaps that are intended do not count.",
        labels=["team"],
    )
    teams = await team_store.first(session, MOST_TEAMS)
    begins = await gaps.of(session, teams, now)
    # By what they are called here: two long names may be cut to the same.
    shown = {counters.short(state.team.name): state for state in await states(session, teams, now)}
    for team, state in shown.items():
        person = counters.short(state.primary.name) if state.primary else NOBODY
        current.add_metric([team, person], 1)
        gap.add_metric([team], float(state.primary is None))
        hole.add_metric([team], float(_is_hole(state)))
        if state.team.id in begins:
            until = (begins[state.team.id] - now).total_seconds()
            ahead.add_metric([team], max(0.0, until))
    return [current, gap, hole, ahead]


def _is_hole(state: CurrentView) -> bool:
    if state.primary is None:
        return not state.intended
    return not state.primary.reachable


async def _people(session: AsyncSession) -> Metric:
    info = GaugeMetricFamily(
        "oncall_person_info",
        "The name of a person by id; always 1.",
        labels=["person_id", "person"],
    )
    for identifier, name in await people.first(session, MOST_PEOPLE):
        info.add_metric([str(identifier), counters.short(name)], 1)
    return info


def _installation(web_ui_url: str) -> Metric:
    info = GaugeMetricFamily(
        "vigie_installation_info",
        "Where people find this installation; always 1.",
        labels=["web_ui_url"],
    )
    info.add_metric([web_ui_url.rstrip("/")], 1)
    return info


async def _engine_work(session: AsyncSession, now: datetime) -> list[Metric]:
    running = GaugeMetricFamily("escalations_running", "Escalation runs that are active.")
    late = GaugeMetricFamily(
        "escalation_overdue_seconds", "How long the most overdue step has been due."
    )
    count, due = await runs.running_and_due(session)
    running.add_metric([], count)
    late.add_metric([], _age(due, now))
    return [running, late]


async def _owed_to_people(session: AsyncSession, now: datetime) -> list[Metric]:
    pending = GaugeMetricFamily(
        "notifications_pending", "Notifications that are due, and not yet sent or given up."
    )
    waiting = GaugeMetricFamily(
        "notifications_waiting",
        "Notifications that are not due yet: for working hours, or for a few seconds for others.",
    )
    oldest = GaugeMetricFamily(
        "notifications_oldest_age_seconds",
        "How long the oldest pending notification has been due.",
    )
    owed = await figures.owed(session, now)
    pending.add_metric([], owed.due)
    waiting.add_metric([], owed.not_yet)
    oldest.add_metric([], _age(owed.due_since, now))
    return [pending, waiting, oldest]


async def _coverage(session: AsyncSession, now: datetime) -> list[Metric]:
    found = GaugeMetricFamily(
        "oncall_coverage_holes",
        "What leads nowhere on the way from a service to a person within 30 days, by level, as of "
        "the last hourly look.",
        labels=["level"],
    )
    age = GaugeMetricFamily(
        "oncall_coverage_age_seconds", "How long ago that look was; absent before the first."
    )
    report = await coverage.last(session)
    for level in Level:
        found.add_metric([level], report.count(level) if report else 0)
    if report is not None:
        age.add_metric([], _age(report.at, now))
    return [found, age]


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
