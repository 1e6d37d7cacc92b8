"""What a step owes people: a message by each of their contact methods, or the record of nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from oncall_service.core.metrics import PAGED, PAGES, Within
from oncall_service.notifications import messages
from oncall_service.notifications.metrics import NO_CHANNEL, NOTIFICATIONS
from oncall_service.notifications.owed import About, owed
from oncall_service.notifications.store import rows
from oncall_service.notifications.work import MessageWork
from oncall_service.paging.course import Asking
from oncall_service.paging.directory import Directory
from oncall_service.paging.reasons import Reason
from oncall_service.paging.telling import about, told
from oncall_service.paging.world import Reachable
from oncall_service.people.rules import CAN_WAIT
from oncall_service.policies.rules import Step
from oncall_service.tables import ContactMethodRow, EscalationRow, IncidentRow, NotificationRow
from shared.contracts.incidents import Incident
from shared.contracts.oncall import MessageKind, PageKind
from shared.contracts.wire import Ref, Severity
from shared.identifiers import new_id
from shared.urgency import Occasion, urgency

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """What all messages of one step share.

    ``waits``: they keep to people's hours. ``late``: by how much the step is done too late.
    """

    incident: IncidentRow
    run: EscalationRow
    asking: Asking
    step: Step
    occasion: Occasion
    waits: bool
    late: timedelta = timedelta()

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return Severity(self.incident.severity)

    @property
    def about(self) -> About:
        """What the messages belong to."""
        at = self.asking.at
        return About(self.incident.id, self.run.id, at.round, at.step)

    def key(self, *whose: object) -> str:
        """The same for every attempt to owe a message of this step."""
        at = self.asking.at
        return ":".join(map(str, (self.run.id, at.round, at.step, *whose)))


class Pages:
    """The messages of the steps of one transaction."""

    def __init__(self, work: MessageWork, directory: Directory) -> None:
        self._work = work
        self._directory = directory

    async def owe(self, due: Due) -> None:
        """Owe a step's messages."""
        run, choice = due.run, due.asking.choice
        people = await self._directory.people(choice.people)
        for order, ask in enumerate(choice.asks):
            person = people[ask.person]
            at = self._told_at(due, person)
            self._work.tell(
                told(
                    run,
                    PageKind.TARGET,
                    now=self._work.now,
                    person=person.ref,
                    assign=due.asking.first and order == 0,
                    step=due.asking.at.step,
                    reason=ask.reason,
                    data={
                        **({"from": at.isoformat()} if at > self._work.now else {}),
                        **({"late_seconds": int(due.late.total_seconds())} if due.late else {}),
                    },
                )
            )
            self._count(due, person, at)
            for method, delay in person.ways(due.severity):
                # A person may want to be told twice by the same method.
                later = (int(delay.total_seconds()),) if delay else ()
                key = due.key(ask.person, method.id, *later)
                self._owe(due, ask.reason, to=person.ref, method=method, key=key, at=at + delay)
        called = await self._directory.webhooks(choice.webhooks)
        for webhook in called:
            key = due.key(webhook.id)
            self._owe(due, Reason.WEBHOOK, to=None, method=webhook, key=key, at=self._work.now)
        if not (choice.asks or called):
            self._work.session.add(_lost(due, self._work.now))
            self._work.increments.inc(NOTIFICATIONS, channel=NO_CHANNEL, outcome=rows.FAILED)
            _log.error("page_reaches_nobody", **about(run))

    def _count(self, due: Due, person: Reachable, at: datetime) -> None:
        working = person.works_at(at)
        self._work.increments.inc(
            PAGES,
            team=due.run.team_name,
            person_id=str(person.ref.id),
            hours=Within.IN if working else Within.OUT,
        )
        self._work.increments.inc(PAGED, severity=due.incident.severity)

    def _told_at(self, due: Due, person: Reachable) -> datetime:
        if not due.waits or due.severity not in CAN_WAIT:
            return self._work.now
        return person.not_before(self._work.now)

    def _owe(
        self,
        due: Due,
        reason: Reason,
        *,
        to: Ref | None,
        method: ContactMethodRow,
        key: str,
        at: datetime,
    ) -> None:
        content = messages.page(subject(due.incident), team=due.run.team_name, reason=reason)
        self._work.session.add(
            owed(
                content,
                to=to,
                method=method,
                key=key,
                reason=reason,
                urgency=urgency(due.occasion, due.incident.severity),
                now=self._work.now,
                at=at,
                about=due.about,
            )
        )
        self._work.owe_message()


def subject(incident: IncidentRow | Incident) -> messages.Subject:
    """What messages say of an incident."""
    return messages.Subject(
        incident.id, incident.number, incident.title, incident.service, incident.severity
    )


def _lost(due: Due, now: datetime) -> NotificationRow:
    """The record of a page for which there is nobody: a failure that can be seen."""
    return NotificationRow(
        id=new_id(),
        idempotency_key=due.key("nobody"),
        kind=MessageKind.PAGE,
        incident_id=due.run.incident_id,
        escalation_id=due.run.id,
        round=due.asking.at.round,
        step=due.asking.at.step,
        person_name="",
        channel=NO_CHANNEL,
        shown_target="",
        reason=due.asking.choice.reason,
        message={},
        outcome=rows.FAILED,
        outcome_detail="",
        outcome_facts={"reason": Reason.NOBODY_AT_ALL},
        urgency=int(Occasion.MORE),
        created_at=now,
        finished_at=now,
    )
