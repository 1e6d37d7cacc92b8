"""What oncall-service shows on /metrics from its tables, read at each scrape."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.metrics import DEFINITIONS, MOST_TEAMS, PAGE_EVENTS_TOPIC
from oncall_service.store import incidents, notifications
from oncall_service.store.people import living
from oncall_service.tables import EscalationRow, NotificationRow, TeamRow
from oncall_service.workflow.core import Core
from oncall_service.workflow.oncall import states
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
    pending = GaugeMetricFamily("notifications_pending", "Notifications not yet sent or given up.")
    oldest = GaugeMetricFamily(
        "notifications_oldest_age_seconds", "Age of the oldest notification still pending."
    )
    runs = select(func.count(), func.min(EscalationRow.due_at)).where(
        EscalationRow.status == incidents.RUNNING
    )
    count, due = (await session.exec(runs)).one()
    owed = select(func.count(), func.min(NotificationRow.created_at)).where(
        col(NotificationRow.outcome) == notifications.PENDING
    )
    unsent, since = (await session.exec(owed)).one()
    running.add_metric([], count)
    late.add_metric([], _age(due, now))
    pending.add_metric([], unsent)
    oldest.add_metric([], _age(since, now))
    return [running, late, pending, oldest]


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
