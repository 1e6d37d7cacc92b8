"""What oncall-service shows on /metrics from its tables, read at each scrape."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import case, func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.metrics import DEFINITIONS, MOST_TEAMS, PAGE_EVENTS_TOPIC
from oncall_service.notifications import store as notifications
from oncall_service.paging.store import incidents
from oncall_service.people.store import living
from oncall_service.schedules.oncall import states
from oncall_service.tables import AttemptRow, EscalationRow, NotificationRow, TeamRow
from shared import counters, outbox
from shared.metrics import Collect

NOBODY = "nobody"


def collector(core: Core) -> Collect:
    """Counters, who is on call, and how much is waiting."""

    async def collect() -> Iterable[Metric]:
        now = core.clock.now()
        async with core.database.transaction() as connection:
            counted = await counters.families(connection, DEFINITIONS, await living(connection))
            waiting = await outbox.families(connection, [PAGE_EVENTS_TOPIC], now=now)
        async with core.database.session() as session:
            return [
                *counted,
                *waiting,
                *await _on_call(session, now),
                *await _engine_work(session, now),
                *await _owed_to_people(session, now),
            ]

    return collect


async def _on_call(session: AsyncSession, now: datetime) -> list[Metric]:
    current = GaugeMetricFamily(
        "oncall_current",
        "Who is on call first; always 1. In a gap the person is 'nobody'.",
        labels=["team", "person"],
    )
    gap = GaugeMetricFamily("oncall_gap", "Whether a team has nobody on call now.", labels=["team"])
    first = select(TeamRow).order_by(TeamRow.name).limit(MOST_TEAMS)
    teams = list((await session.exec(first)).all())
    # By what they are called here: two long names may be cut to the same.
    shown = {counters.short(state.team.name): state for state in await states(session, teams, now)}
    for team, state in shown.items():
        person = counters.short(state.primary.name) if state.primary else NOBODY
        current.add_metric([team, person], 1)
        gap.add_metric([team], float(state.primary is None))
    return [current, gap]


async def _engine_work(session: AsyncSession, now: datetime) -> list[Metric]:
    running = GaugeMetricFamily("escalations_running", "Escalation runs that are active.")
    late = GaugeMetricFamily(
        "escalation_overdue_seconds", "How long the most overdue step has been due."
    )
    runs = select(func.count(), func.min(EscalationRow.due_at)).where(
        EscalationRow.status == incidents.RUNNING
    )
    count, due = (await session.exec(runs)).one()
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
    tried = col(NotificationRow.attempts) > 0
    owed = or_(tried, col(NotificationRow.next_attempt_at) <= now)
    # Each failure moves the next attempt, and what was tried in vain does not get younger by that.
    first_attempt = (
        select(func.min(AttemptRow.at))
        .where(AttemptRow.notification_id == NotificationRow.id)
        .correlate(NotificationRow)
        .scalar_subquery()
    )
    since = case((tried, first_attempt), else_=NotificationRow.next_attempt_at)
    statement = select(
        func.count().filter(owed),
        func.count().filter(~owed),
        func.min(since).filter(owed),
    ).where(
        NotificationRow.outcome == notifications.PENDING,
        # A test waits behind every page, and nobody is late for it.
        NotificationRow.kind != notifications.TRIAL,
    )
    due, early, due_since = (await session.exec(statement)).one()
    pending.add_metric([], due)
    waiting.add_metric([], early)
    oldest.add_metric([], _age(due_since, now))
    return [pending, waiting, oldest]


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
