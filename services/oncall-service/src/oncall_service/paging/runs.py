"""What happens to escalation runs within one transaction: start, step, stop.

Whoever uses this has locked the incident's row. Steps, the notifications they owe and the events
about them are written together.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.metrics import ESCALATIONS
from oncall_service.notifications.metrics import NOTIFICATIONS
from oncall_service.notifications.store import news as news_rows
from oncall_service.notifications.store import rows
from oncall_service.notifications.work import MessageWork
from oncall_service.paging import store
from oncall_service.paging.directory import Directory, Route
from oncall_service.paging.news import News, tell
from oncall_service.paging.plans import stored_plan
from oncall_service.paging.progress import Progress, end
from oncall_service.paging.reasons import Reason
from oncall_service.paging.steps import Position
from oncall_service.paging.telling import NO_FACTS, about, told
from oncall_service.tables import EscalationRow, IncidentRow
from shared.contracts.incidents import TAKEN, Status
from shared.contracts.oncall import MessageKind, PageKind
from shared.contracts.wire import Ref
from shared.identifiers import new_id
from shared.urgency import Occasion

_log = structlog.get_logger(__name__)


class Runs(MessageWork):
    """Runs of the incidents locked by this transaction."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        super().__init__(session, now)
        self.directory = Directory(session, now)
        self._progress = Progress(self, self.directory)
        self._stopped: list[tuple[EscalationRow, Reason, int]] = []
        self._heard: dict[UUID, IncidentRow] = {}
        self._news: dict[UUID, News] = {}
        self._open_again: set[UUID] = set()
        self._taken: set[UUID] = set()

    async def start(
        self,
        incident: IncidentRow,
        route: Route,
        reason: Reason,
        *,
        by: str,
        why: str | None = None,
        at: Position | None = None,
        single_step: bool = False,
        waits: bool = True,
    ) -> EscalationRow:
        """Start a run and do its first step at once; ``waits``: within people's working hours.

        ``why`` is what the person said who wants it, None when nobody asked.
        """
        position = at or Position()
        run = EscalationRow(
            id=new_id(),
            incident_id=incident.id,
            team_id=route.team,
            team_name=route.team_name,
            policy_name=route.policy_name,
            plan=stored_plan(route.plan),
            status=store.RUNNING,
            next_round=position.round,
            next_step=position.step,
            single_step=single_step,
            due_at=self.now,
            started_at=self.now,
            started_reason=reason,
            started_by=by,
        )
        self.session.add(run)
        self.increments.inc(ESCALATIONS, team=run.team_name)
        if why is not None:
            self.explain(run, by=by, why=why)
        self._tell(
            run,
            PageKind.STARTED,
            reason=reason,
            team=Ref(id=run.team_id, name=run.team_name),
            data={"policy": run.policy_name},
        )
        _log.info("escalation_started", **about(run), reason=reason)
        await self._progress.step(
            incident, run, occasion=Occasion.FIRST_WORD, waits=waits, asked=()
        )
        return run

    async def step(
        self,
        incident: IncidentRow,
        run: EscalationRow,
        *,
        occasion: Occasion = Occasion.MORE,
        waits: bool = True,
    ) -> None:
        """Do at once what the run does next."""
        await self._progress.step(incident, run, occasion=occasion, waits=waits)

    async def look(self, incident: IncidentRow, run: EscalationRow) -> None:
        """Do what is due of a run by now."""
        await self._progress.look(incident, run)

    def stop(self, run: EscalationRow, reason: Reason) -> None:
        """Stop at once: what was not sent yet will not be."""
        end(run, "stopped", reason, self.now)
        # How many were cancelled is known when all of them are at once.
        place = self._tell(run, PageKind.STOPPED, reason=reason)
        self._stopped.append((run, reason, place))

    def heard(self, incident: IncidentRow, before: Status | None, news: News | None) -> None:
        """An event was applied: people hear what became of the incident in the end."""
        self._heard[incident.id] = incident
        if before is Status.OPEN or incident.status == Status.RESOLVED:
            self._taken.add(incident.id)
        if news is not None:
            self._news[incident.id] = news
        elif incident.status == Status.OPEN and before not in (None, Status.OPEN):
            self._open_again.add(incident.id)
            self._news.pop(incident.id, None)

    def explain(self, run: EscalationRow, *, by: str, why: str) -> None:
        """Put into the timeline what a person wanted."""
        facts = {"by": by, **({"why": why} if why else {})}
        self._tell(run, PageKind.REQUESTED, reason=Reason.ESCALATED_BY_HAND, data=facts)

    async def write_rows(self) -> None:
        """The rows, and word of what became of incidents; what holds no more is not sent."""
        await self.session.flush()
        # They point at their runs, and nothing tells the session so.
        self.session.add_all(self._progress.decisions)
        if self._news:
            await tell(self, self.directory, self._news, self._heard)
        await self._cancel()
        await super().write_rows()

    async def _cancel(self) -> None:
        over = self._in_state(Status.RESOLVED)
        open_again = self._open_again & self._in_state(Status.OPEN)
        for incidents, kinds, reason in (
            (over, (MessageKind.MORE_ALERTS, MessageKind.ACKNOWLEDGED), Reason.RESOLVED),
            (open_again, (MessageKind.ACKNOWLEDGED, MessageKind.RESOLVED), Reason.RELEASED),
        ):
            await self._cancel_unsent(incidents, kinds, reason)
        cancelled = await rows.cancel(
            self.session, {run.id: reason for run, reason, _ in self._stopped}, self.now
        )
        for run, _, place in self._stopped:
            channels = cancelled.get(run.id, [])
            self._count_cancelled(channels)
            if channels:
                self.add_facts(place, cancelled=len(channels))
        # Runs that ended before may still owe what their people's rules send later.
        for incidents, reason in (
            (self._taken & over, Reason.RESOLVED),
            (self._taken & self._in_state(*TAKEN), Reason.ACKNOWLEDGED),
        ):
            await self._cancel_unsent(incidents, (MessageKind.PAGE,), reason)

    async def _cancel_unsent(
        self, incidents: Collection[UUID], kinds: Collection[MessageKind], reason: Reason
    ) -> None:
        self._count_cancelled(
            await news_rows.cancel(self.session, incidents, kinds, reason, self.now)
        )

    def _count_cancelled(self, channels: Iterable[str]) -> None:
        for channel in channels:
            self.increments.inc(NOTIFICATIONS, channel=channel, outcome=rows.CANCELLED)

    def _in_state(self, *statuses: Status) -> set[UUID]:
        return {one for one, row in self._heard.items() if row.status in statuses}

    def _tell(
        self,
        run: EscalationRow,
        kind: PageKind,
        *,
        reason: Reason,
        team: Ref | None = None,
        step: int | None = None,
        data: Mapping[str, Any] = NO_FACTS,
    ) -> int:
        event = told(run, kind, now=self.now, reason=reason, team=team, step=step, data=data)
        return self.tell(event)
