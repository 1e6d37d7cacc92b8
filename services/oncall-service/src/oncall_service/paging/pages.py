"""What a step owes people: a message by each of their contact methods, or the record of nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from oncall_service.core.metrics import PAGES
from oncall_service.notifications import messages
from oncall_service.notifications.ledger import Ledger
from oncall_service.notifications.metrics import NO_CHANNEL, NOTIFICATIONS
from oncall_service.notifications.owed import About, owed
from oncall_service.notifications.store import rows
from oncall_service.paging.directory import Directory, Reachable
from oncall_service.paging.steps import Choice, Page
from oncall_service.paging.telling import about, told
from oncall_service.people.rules import CAN_WAIT, next_time
from oncall_service.tables import ContactMethodRow, EscalationRow, IncidentRow, NotificationRow
from shared.contracts.wire import Ref
from shared.identifiers import new_id
from shared.urgency import Occasion, urgency

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """What all messages of one step share; ``waits``: within people's working hours."""

    incident: IncidentRow
    run: EscalationRow
    page: Page
    choice: Choice
    occasion: Occasion
    waits: bool


class Pages:
    """The messages of the steps of one transaction."""

    def __init__(self, ledger: Ledger, directory: Directory, web_ui_url: str) -> None:
        self._ledger = ledger
        self._now = ledger.now
        self._directory = directory
        self._web_ui_url = web_ui_url

    async def owe(self, step: Due) -> timedelta:
        """Owe a step's messages; how long the first of its people waits for working hours."""
        run, page, choice = step.run, step.page, step.choice
        people = await self._directory.people(choice.people)
        first_page = run.next_round == 0 and run.next_step == 0
        earliest: list[datetime] = []
        for order, identifier in enumerate(choice.people):
            person = people[identifier]
            at = self._told_at(step, person)
            earliest.append(at)
            later = "" if at <= self._now else f", from {at:%Y-%m-%d %H:%M} UTC on: it can wait"
            self._ledger.tell(
                told(
                    run,
                    "page.target",
                    now=self._now,
                    person=person.ref,
                    assign=first_page and order == 0,
                    step=page.at.step,
                    reason=choice.reason,
                    detail=f"Step {page.at.step + 1}: {person.ref.name} is paged "
                    f"({choice.reason.replace('_', ' ')}){later}.",
                )
            )
            self._ledger.counted.inc(PAGES, team=run.team_name, person=person.ref.name)
            for method in person.methods:
                self._ledger.session.add(self._message(step, person.ref, method, at))
                self._ledger.owe_message()
        if not choice.people:
            self._ledger.session.add(_lost(run, page, choice, self._now))
            self._ledger.counted.inc(NOTIFICATIONS, channel=NO_CHANNEL, outcome=rows.FAILED)
            _log.error("page_reaches_nobody", **about(run))
        return min(earliest, default=self._now) - self._now

    def _told_at(self, step: Due, person: Reachable) -> datetime:
        if not step.waits or step.incident.severity not in CAN_WAIT:
            return self._now
        return next_time(person.working_hours, person.zone, self._now)

    def _message(
        self, step: Due, person: Ref, method: ContactMethodRow, at: datetime
    ) -> NotificationRow:
        incident, run, page, choice = step.incident, step.run, step.page, step.choice
        message = messages.page(
            subject(incident),
            person=person.name,
            team=run.team_name,
            reason=choice.reason,
            web_ui_url=self._web_ui_url,
        )
        return owed(
            message,
            to=person,
            method=method,
            key=f"{run.id}:{page.at.round}:{page.at.step}:{person.id}:{method.id}",
            kind=rows.PAGE,
            reason=choice.reason,
            urgency=urgency(step.occasion, incident.severity),
            now=self._now,
            at=at,
            about=About(incident.id, run.id, page.at.round, page.at.step),
        )


def subject(incident: IncidentRow) -> messages.Subject:
    """What messages say of an incident."""
    return messages.Subject(
        incident.id, incident.number, incident.title, incident.service, incident.severity
    )


def _lost(run: EscalationRow, page: Page, choice: Choice, now: datetime) -> NotificationRow:
    """The record of a page for which there is nobody: a failure that can be seen."""
    return NotificationRow(
        id=new_id(),
        idempotency_key=f"{run.id}:{page.at.round}:{page.at.step}:nobody",
        kind=rows.PAGE,
        incident_id=run.incident_id,
        escalation_id=run.id,
        round=page.at.round,
        step=page.at.step,
        person_name="",
        channel=NO_CHANNEL,
        shown_target="",
        reason=choice.reason,
        message={},
        outcome=rows.FAILED,
        outcome_detail="nobody in this installation has a contact method",
        urgency=int(Occasion.MORE),
        created_at=now,
        finished_at=now,
    )
