"""Use case: the time machine. Who would be paged, how, when and why, if trouble began then.

It is played by the code that the engine runs (course), against the calendars, policies, rules and
contact methods as they are now. Channels that fail, and messages that are bundled because many
things happen at once, are no part of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.notifications.channels import registry
from oncall_service.paging.course import Asking, Deed, Ending
from oncall_service.paging.directory import Directory
from oncall_service.paging.foresight import Moment, Played, play
from oncall_service.paging.reasons import Reason
from oncall_service.paging.rounds import Missed, Skipped
from oncall_service.paging.world import World
from oncall_service.tables import ContactMethodRow, PersonRow, TeamRow
from shared.contracts.rota import (
    EntryKind,
    MessageView,
    SequenceEntry,
    SimulationView,
)
from shared.contracts.wire import Ref, Severity
from shared.words.catalogues import Say


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. ``team`` or ``service`` find the policy as for an incident.

    ``answered_by`` acknowledges ``answered_after`` the beginning; None: nobody does.
    """

    severity: Severity
    at: datetime
    horizon: timedelta
    service: str = ""
    team: str | None = None
    answered_by: str | None = None
    answered_after: timedelta = timedelta()


async def simulate(core: Core, question: Question, words: Say) -> SimulationView:
    """The exact sequence of what would happen.

    Raises:
        Invalid: there is no such team or person.
    """
    async with core.database.session() as session:
        person = None
        if question.team is not None:
            await lookup.refer(session, TeamRow, question.team, "team")
        if question.answered_by is not None:
            row = await lookup.refer(session, PersonRow, question.answered_by, "answered_by")
            person = Ref(id=row.id, name=row.name)
        directory = Directory(session, question.at)
        route = await directory.route(service=question.service, team=question.team)
        world = await directory.world(route.team, route.plan)
        until = question.at + question.horizon
        if person is not None:
            until = min(until, question.at + question.answered_after)
        played = play(route.plan, question.severity, world, start=question.at, until=until)
        named = {one for moment in played.moments for deed in moment.deeds for one in _named(deed)}
        people = await directory.people(named)
        called = await directory.webhooks(
            [
                hook
                for moment in played.moments
                for deed in moment.deeds
                if isinstance(deed, Asking)
                for hook in deed.choice.webhooks
            ]
        )
    telling = _Telling(question, world, words, until, {one.id: one for one in called})
    names = {identifier: one.ref for identifier, one in people.items()}
    return SimulationView(
        team=Ref(id=route.team, name=route.team_name),
        policy=route.policy_name,
        severity=question.severity,
        at=question.at,
        until=question.at + question.horizon,
        acknowledged_by=person,
        acknowledged_at=question.at + question.answered_after if person else None,
        cut=played.cut,
        sequence=list(telling.sequence(played, names)),
        messages=sorted(telling.messages(played, names), key=lambda message: message.at),
    )


def _named(deed: Deed) -> Iterator[UUID]:
    match deed:
        case Asking():
            yield from deed.choice.people
        case Missed():
            yield deed.person


@dataclass(frozen=True, slots=True)
class _Telling:
    """A sequence in the words of the API."""

    question: Question
    world: World
    words: Say
    until: datetime
    called: Mapping[UUID, ContactMethodRow]

    def sequence(self, played: Played, names: Mapping[UUID, Ref]) -> Iterable[SequenceEntry]:
        for moment in played.moments:
            for deed in moment.deeds:
                yield from self._entries(moment, deed, names)

    def messages(self, played: Played, names: Mapping[UUID, Ref]) -> Iterator[MessageView]:
        for moment in played.moments:
            for deed in moment.deeds:
                if isinstance(deed, Asking):
                    yield from self._of_asking(moment, deed, names)

    def _entries(
        self, moment: Moment, deed: Deed, names: Mapping[UUID, Ref]
    ) -> Iterator[SequenceEntry]:
        match deed:
            case Asking():
                if deed.choice.gap:
                    yield self._entry(moment, deed, EntryKind.GAP, deed.choice.reason)
                kind = EntryKind.CAME_ON_CALL if deed.also else EntryKind.PAGE
                for ask in deed.choice.asks:
                    yield self._entry(moment, deed, kind, ask.reason, names[ask.person])
                for _ in deed.choice.webhooks:
                    yield self._entry(moment, deed, EntryKind.CALL, Reason.WEBHOOK)
                if not deed.choice.asks and not deed.choice.webhooks:
                    yield self._entry(moment, deed, EntryKind.NOBODY, deed.choice.reason)
            case Missed():
                person = names[deed.person]
                yield self._entry(moment, deed, EntryKind.UNREACHABLE, deed.reason, person)
            case Skipped():
                yield self._entry(moment, deed, EntryKind.SKIPPED, deed.reason)
            case Ending():
                yield SequenceEntry(
                    at=moment.at,
                    kind=EntryKind.ENDED,
                    reason=deed.reason,
                    why=self.words.word(deed.reason),
                )

    def _entry(
        self,
        moment: Moment,
        deed: Asking | Missed | Skipped,
        kind: EntryKind,
        reason: str,
        person: Ref | None = None,
    ) -> SequenceEntry:
        on = self.world.on_call(moment.at)
        source = None
        if person is not None and person.id == on.primary:
            source = on.primary_from
        elif person is not None and person.id == on.secondary:
            source = on.secondary_from
        return SequenceEntry(
            at=moment.at,
            kind=kind,
            round=deed.at.round,
            step=deed.at.step,
            person=person,
            reason=reason,
            why=self.words.word(reason),
            on_call_by=source,
        )

    def _of_asking(
        self, moment: Moment, asking: Asking, names: Mapping[UUID, Ref]
    ) -> Iterator[MessageView]:
        severity = self.question.severity
        for ask in asking.choice.asks:
            told_at = moment.roster.told_at(ask.person, severity, moment.at)
            for method, delay in self.world.people[ask.person].ways(severity):
                if told_at + delay < self.until:
                    person = names[ask.person]
                    yield self._message(asking, method, told_at, delay, ask.reason, person)
        for hook in asking.choice.webhooks:
            if hook in self.called:
                yield self._message(
                    asking, self.called[hook], moment.at, timedelta(), Reason.WEBHOOK, None
                )

    def _message(  # noqa: PLR0917 - what makes a message is so much
        self,
        asking: Asking,
        method: ContactMethodRow,
        told_at: datetime,
        delay: timedelta,
        reason: str,
        person: Ref | None,
    ) -> MessageView:
        return MessageView(
            at=told_at + delay,
            person=person,
            channel=method.channel,
            target=registry.shown(method.channel, method.target),
            contact_method_id=method.id,
            delay_minutes=int(delay / timedelta(minutes=1)),
            round=asking.at.round,
            step=asking.at.step,
            reason=reason,
            why=self.words.word(reason),
        )
