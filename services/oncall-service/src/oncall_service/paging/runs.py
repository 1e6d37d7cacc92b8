"""What happens to escalation runs within one transaction: start, step, stop.

Whoever uses this has locked the incident's row. Steps, the notifications they owe and the events
about them are written together; :meth:`Runs.settle` comes last.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.metrics import (
    ESCALATIONS,
    GAPS,
    NO_CHANNEL,
    NOTIFICATIONS,
    PAGE_EVENTS_TOPIC,
    PAGES,
)
from oncall_service.notifications import messages
from oncall_service.notifications import store as notifications
from oncall_service.paging.rules import Choice, Exhaust, Page, Position, Reason, advance, choose
from oncall_service.paging.store import incidents, routing
from oncall_service.people.rules import CAN_WAIT, next_time
from oncall_service.people.shapes import Channel
from oncall_service.people.store import shown
from oncall_service.tables import (
    ContactMethodRow,
    EscalationRow,
    IncidentRow,
    NotificationRow,
)
from shared import counters, outbox
from shared.contracts.incidents import JoinedAlerts
from shared.contracts.oncall import PageEvent
from shared.contracts.wire import Ref
from shared.database import driver_connection
from shared.identifiers import new_id
from shared.urgency import Occasion, urgency
from shared.wakeups import notify

NOTIFICATIONS_CHANNEL = "notifications"

MORE_ALERTS_GATHER = timedelta(seconds=5)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Step:
    """What all notifications of one step share."""

    incident: IncidentRow
    run: EscalationRow
    page: Page
    choice: Choice
    occasion: Occasion
    waits: bool


class Runs:
    """Runs of the incidents locked by this transaction."""

    def __init__(self, session: AsyncSession, now: datetime, web_ui_url: str) -> None:
        self._session = session
        self.now = now
        self.directory = routing.Directory(session, now)
        self._web_ui_url = web_ui_url
        self._events: list[PageEvent] = []
        self._stopped: list[tuple[EscalationRow, Reason, int]] = []
        self._over: set[UUID] = set()
        self._owes_messages = False
        self.counted = counters.Increments()

    async def start(
        self,
        incident: IncidentRow,
        route: routing.Route,
        reason: Reason,
        *,
        by: str,
        at: Position | None = None,
        single_step: bool = False,
        waits: bool = True,
    ) -> EscalationRow:
        """Start a run and do its first step at once; ``waits``: within people's working hours."""
        position = at or Position()
        run = EscalationRow(
            id=new_id(),
            incident_id=incident.id,
            team_id=route.team,
            team_name=route.team_name,
            policy_name=route.policy_name,
            plan=incidents.stored_plan(route.plan),
            status=incidents.RUNNING,
            next_round=position.round,
            next_step=position.step,
            single_step=single_step,
            due_at=self.now,
            started_at=self.now,
            started_reason=reason,
            started_by=by,
        )
        self._session.add(run)
        self.counted.inc(ESCALATIONS, team=run.team_name)
        self._say(
            run,
            "page.started",
            reason=reason,
            team=Ref(id=run.team_id, name=run.team_name),
            detail=f"Paging team {run.team_name} by policy {run.policy_name}.",
        )
        _log.info("escalation_started", **_about(run), reason=reason)
        await self.step(incident, run, occasion=Occasion.FIRST_WORD, waits=waits)
        return run

    async def step(
        self,
        incident: IncidentRow,
        run: EscalationRow,
        *,
        occasion: Occasion = Occasion.MORE,
        waits: bool = True,
    ) -> None:
        """Do what the run does next."""
        plan = incidents.plan_of(run)
        decision = advance(plan, incidents.position_of(run), self.now)
        if isinstance(decision, Exhaust):
            self._exhaust(run, decision.reason)
            return
        roster = await self.directory.roster(run.team_id, plan)
        choice = choose(decision.step, roster)
        _log.info(
            "escalation_step",
            **_about(run),
            round=decision.at.round,
            step=decision.at.step,
            reason=choice.reason,
            people=len(choice.people),
        )
        if choice.gap:
            await self._report_gap(run, decision, choice)
        wait = await self._page(_Step(incident, run, decision, choice, occasion, waits))
        run.next_round, run.next_step = decision.next.round, decision.next.step
        # A step whose people are only told in the morning gives them its time from then on.
        run.due_at = decision.due_at + wait
        if run.single_step:
            self._end(run, "completed", Reason.HELP_CALLED)

    async def stop(self, run: EscalationRow, reason: Reason) -> None:
        """Stop at once: what was not sent yet will not be."""
        self._end(run, "stopped", reason)
        self._say(run, "page.stopped", reason=reason, detail="")
        # What it says, and how many were cancelled, is known when all of them are at once.
        self._stopped.append((run, reason, len(self._events) - 1))

    def over(self, incident: UUID, is_over: bool) -> None:
        """Nobody needs to hear any more of what joined an incident that is over in the end."""
        (self._over.add if is_over else self._over.discard)(incident)

    async def tell_more(
        self, incident: IncidentRow, person: Ref, joined: JoinedAlerts, event_id: UUID
    ) -> bool:
        """Owe whoever has an incident word of the alerts that joined it; False: no way to.

        What was not sent yet is added to: many alerts in a row are one message.
        """
        reached = (await self.directory.people([person.id])).get(person.id)
        if reached is None or not reached.methods:
            return False
        waiting = await notifications.unsent_more(self._session, incident.id, person.id)
        for method in reached.methods:
            before = waiting.get(method.id)
            count = joined.count + (before.message["facts"]["count"] if before else 0)
            message = messages.stored(
                messages.more_alerts(
                    _subject(incident),
                    count=count,
                    worst=f"{joined.severity}: {joined.message}",
                    person=reached.ref.name,
                    web_ui_url=self._web_ui_url,
                )
            )
            if before is not None:
                before.message = message
                continue
            self._session.add(
                NotificationRow(
                    id=new_id(),
                    idempotency_key=f"more:{event_id}:{method.id}",
                    kind=notifications.MORE_ALERTS,
                    incident_id=incident.id,
                    person_id=person.id,
                    person_name=reached.ref.name,
                    contact_method_id=method.id,
                    channel=method.channel,
                    shown_target=shown(Channel(method.channel), method.target),
                    reason=Reason.MORE_ALERTS,
                    message=message,
                    outcome=notifications.PENDING,
                    outcome_detail="",
                    urgency=urgency(Occasion.MORE, incident.severity),
                    created_at=self.now,
                    # Trouble comes in company: a few seconds make one message of it.
                    next_attempt_at=self.now + MORE_ALERTS_GATHER,
                )
            )
        return True

    def explain(self, run: EscalationRow, detail: str) -> None:
        """Put into the timeline what a person wanted."""
        self._say(run, "page.requested", reason=Reason.ESCALATED_BY_HAND, detail=detail)

    def report(self, row: NotificationRow, event_type: str, detail: str) -> None:
        """Tell incident-management what became of a notification."""
        if row.incident_id is None:
            return
        self._events.append(
            PageEvent(
                event_id=new_id(),
                type=event_type,
                occurred_at=self.now,
                incident_id=row.incident_id,
                person=Ref(id=row.person_id, name=row.person_name) if row.person_id else None,
                step=row.step,
                channel=row.channel,
                detail=detail,
                reason=row.reason,
            )
        )

    def owe_message(self) -> None:
        """Wake whoever sends messages at the commit."""
        self._owes_messages = True

    async def settle(self) -> None:
        """Write what this transaction owes and counted; nothing may follow but the commit."""
        await self._session.flush()
        await self._cancel()
        async with driver_connection(self._session) as connection:
            await outbox.enqueue(
                connection,
                [
                    outbox.Message(
                        topic=PAGE_EVENTS_TOPIC,
                        key=str(event.incident_id),
                        payload=event.model_dump(mode="json"),
                        id=event.event_id,
                        urgency=int(
                            Occasion.RECORD
                            if event.type.startswith("notification.")
                            else Occasion.MORE
                        ),
                    )
                    for event in self._events
                ],
                now=self.now,
            )
            if self._owes_messages:
                await notify(connection, NOTIFICATIONS_CHANNEL)
            await counters.add(connection, self.counted)

    async def _cancel(self) -> None:
        """What was not sent yet of the runs that stopped will not be."""
        for channel in await notifications.cancel_more(self._session, self._over, self.now):
            self.counted.inc(NOTIFICATIONS, channel=channel, outcome=notifications.CANCELLED)
        cancelled = await notifications.cancel(
            self._session, {run.id: reason for run, reason, _ in self._stopped}, self.now
        )
        for run, reason, place in self._stopped:
            channels = cancelled.get(run.id, [])
            for channel in channels:
                self.counted.inc(NOTIFICATIONS, channel=channel, outcome=notifications.CANCELLED)
            said = f" {len(channels)} unsent notifications were cancelled." if channels else ""
            self._events[place] = self._events[place].model_copy(
                update={"detail": f"The escalation stopped: {reason.replace('_', ' ')}.{said}"}
            )

    async def _page(self, step: _Step) -> timedelta:
        """Owe the messages of a step; how long the first of its people waits for working hours."""
        run, page, choice = step.run, step.page, step.choice
        people = await self.directory.people(choice.people)
        first_page = run.next_round == 0 and run.next_step == 0
        earliest: list[datetime] = []
        for order, identifier in enumerate(choice.people):
            person = people[identifier]
            at = self._told_at(step, person)
            earliest.append(at)
            later = "" if at <= self.now else f", from {at:%Y-%m-%d %H:%M} UTC on: it can wait"
            self._say(
                run,
                "page.target",
                person=person.ref,
                assign=first_page and order == 0,
                step=page.at.step,
                reason=choice.reason,
                detail=f"Step {page.at.step + 1}: {person.ref.name} is paged "
                f"({choice.reason.replace('_', ' ')}){later}.",
            )
            self.counted.inc(PAGES, team=run.team_name, person=person.ref.name)
            for method in person.methods:
                self._session.add(self._notification(step, person.ref, method, at))
                self.owe_message()
        if not choice.people:
            self._session.add(self._lost(run, page, choice))
            self.counted.inc(NOTIFICATIONS, channel=NO_CHANNEL, outcome=notifications.FAILED)
            _log.error("page_reaches_nobody", **_about(run))
        return min(earliest, default=self.now) - self.now

    def _told_at(self, step: _Step, person: routing.Reachable) -> datetime:
        if not step.waits or step.incident.severity not in CAN_WAIT:
            return self.now
        return next_time(person.working_hours, person.zone, self.now)

    def _notification(
        self, step: _Step, person: Ref, method: ContactMethodRow, at: datetime
    ) -> NotificationRow:
        incident, run, page, choice = step.incident, step.run, step.page, step.choice
        message = messages.page(
            _subject(incident),
            person=person.name,
            team=run.team_name,
            reason=choice.reason,
            web_ui_url=self._web_ui_url,
        )
        key = f"{run.id}:{page.at.round}:{page.at.step}:{person.id}:{method.id}"
        return NotificationRow(
            id=new_id(),
            idempotency_key=key,
            kind=notifications.PAGE,
            incident_id=incident.id,
            escalation_id=run.id,
            round=page.at.round,
            step=page.at.step,
            person_id=person.id,
            person_name=person.name,
            contact_method_id=method.id,
            channel=method.channel,
            shown_target=shown(Channel(method.channel), method.target),
            reason=choice.reason,
            message=messages.stored(message),
            outcome=notifications.PENDING,
            outcome_detail="",
            urgency=urgency(step.occasion, incident.severity),
            created_at=self.now,
            next_attempt_at=at,
        )

    def _lost(self, run: EscalationRow, page: Page, choice: Choice) -> NotificationRow:
        """The record of a page for which there is nobody: a failure that can be seen."""
        return NotificationRow(
            id=new_id(),
            idempotency_key=f"{run.id}:{page.at.round}:{page.at.step}:nobody",
            kind=notifications.PAGE,
            incident_id=run.incident_id,
            escalation_id=run.id,
            round=page.at.round,
            step=page.at.step,
            person_name="",
            channel=NO_CHANNEL,
            shown_target="",
            reason=choice.reason,
            message={},
            outcome=notifications.FAILED,
            outcome_detail="nobody in this installation has a contact method",
            urgency=int(Occasion.MORE),
            created_at=self.now,
            finished_at=self.now,
        )

    async def _report_gap(self, run: EscalationRow, page: Page, choice: Choice) -> None:
        # A team without any rotation (the catch-all of a fresh installation) lives by its fallback:
        # no hole has opened that somebody should be told about.
        if await self.directory.has_schedule(run.team_id):
            self.counted.inc(GAPS, team=run.team_name)
        self._say(
            run,
            "page.gap",
            step=page.at.step,
            reason=choice.reason,
            team=Ref(id=run.team_id, name=run.team_name),
            detail=f"Step {page.at.step + 1} ({page.step.target}) of team {run.team_name} found "
            f"nobody: {choice.reason.replace('_', ' ')}.",
        )

    def _exhaust(self, run: EscalationRow, reason: Reason) -> None:
        self._end(run, "exhausted", reason)
        self._say(
            run,
            "page.exhausted",
            reason=reason,
            detail=f"Policy {run.policy_name} was run to its end and nobody acknowledged.",
        )
        _log.warning("escalation_exhausted", **_about(run))

    def _end(self, run: EscalationRow, status: str, reason: Reason) -> None:
        run.status, run.ended_reason = status, reason
        run.ended_at, run.due_at = self.now, None

    def _say(
        self,
        run: EscalationRow,
        event_type: str,
        *,
        reason: Reason,
        detail: str,
        team: Ref | None = None,
        person: Ref | None = None,
        assign: bool = False,
        step: int | None = None,
    ) -> None:
        self._events.append(
            PageEvent(
                event_id=new_id(),
                type=event_type,
                occurred_at=self.now,
                incident_id=run.incident_id,
                team=team,
                person=person,
                assign=assign,
                step=step,
                detail=detail,
                reason=reason,
            )
        )


def _subject(incident: IncidentRow) -> messages.Subject:
    return messages.Subject(
        incident.id, incident.number, incident.title, incident.service, incident.severity
    )


def _about(run: EscalationRow) -> dict[str, str]:
    return {
        "incident_id": str(run.incident_id),
        "escalation_id": str(run.id),
        "team": run.team_name,
    }
