"""Use case: why somebody was paged for an incident, and why somebody was not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.notifications.store import rows as notifications
from oncall_service.paging import store, why_not
from oncall_service.paging.ledger import Decided
from oncall_service.tables import (
    DecisionRow,
    EscalationRow,
    IncidentRow,
    PersonRow,
)
from shared.contracts.oncall_api import (
    AskedView,
    DecisionView,
    NotificationView,
    PersonWhyView,
    RunWhyView,
    WhyView,
)
from shared.contracts.wire import Ref
from shared.errors import NotFound
from shared.words.catalogues import Say

# What one incident can sensibly be asked for at once.
MOST_MESSAGES = 2_000

_Step = tuple[UUID, int, int]


async def explain(core: Core, incident_id: UUID, person: str | None, words: Say) -> WhyView:
    """Every decision about an incident's pages, and what became of every message.

    Raises:
        NotFound: nothing is known of the incident here.
        Invalid: there is no such person.
    """
    async with core.database.session() as session:
        incident = await session.get(IncidentRow, incident_id)
        if incident is None or incident.status is None:
            raise NotFound(f"There is no incident {incident_id} here.")
        runs = await store.of_incident(session, incident_id)
        decisions = await store.decisions(session, [run.id for run in runs])
        sent = await notifications.of_incident(session, incident_id, MOST_MESSAGES)
        messages = await notifications.views(session, sent, words)
        asked_about = None
        if person is not None:
            asked_about = await lookup.refer(session, PersonRow, person, "person")
        names = await lookup.refs(session, PersonRow, _people(decisions))
    by_step: defaultdict[_Step, list[NotificationView]] = defaultdict(list)
    others = []
    for message in messages:
        if message.escalation_id is None or message.round is None or message.step is None:
            others.append(message)
        else:
            by_step[message.escalation_id, message.round, message.step].append(message)
    telling = _Telling(words, names, by_step)
    return WhyView(
        incident_id=incident.id,
        number=incident.number,
        title=incident.title,
        severity=incident.severity,
        runs=[
            telling.run(run, [one for one in decisions if one.escalation_id == run.id])
            for run in runs
        ],
        others=others,
        person=(
            _about(asked_about, runs, decisions, messages, words)
            if asked_about is not None
            else None
        ),
    )


def _people(decisions: Iterable[DecisionRow]) -> set[UUID]:
    found: set[str | None] = set()
    for row in decisions:
        on = row.facts.get("on_call", {})
        found |= {row.facts.get("person"), on.get("primary"), on.get("secondary")}
        found |= {ask["person"] for ask in row.facts.get("asks", ())}
    return {UUID(one) for one in found if one is not None}


def _about(
    person: PersonRow,
    runs: Sequence[EscalationRow],
    decisions: Sequence[DecisionRow],
    messages: Sequence[NotificationView],
    words: Say,
) -> PersonWhyView:
    own = [one for one in messages if one.person is not None and one.person.id == person.id]
    answer = why_not.answer(person.id, runs, decisions, own)
    return PersonWhyView(
        person=Ref(id=person.id, name=person.name),
        paged=answer.paged,
        reasons=list(answer.reasons),
        why=[words.word(reason) for reason in answer.reasons],
        messages=own,
    )


class _Telling:
    """Runs and their decisions, in the words of the API."""

    def __init__(
        self,
        words: Say,
        names: Mapping[UUID, Ref],
        by_step: Mapping[_Step, Sequence[NotificationView]],
    ) -> None:
        self._words = words
        self._names = names
        self._by_step = dict(by_step)

    def run(self, run: EscalationRow, decisions: Sequence[DecisionRow]) -> RunWhyView:
        return RunWhyView(
            id=run.id,
            team=Ref(id=run.team_id, name=run.team_name),
            policy=run.policy_name,
            started_at=run.started_at,
            started_reason=run.started_reason,
            started_by=run.started_by,
            ended_at=run.ended_at,
            ended_reason=run.ended_reason,
            decisions=[self._decision(row) for row in decisions],
        )

    def _decision(self, row: DecisionRow) -> DecisionView:
        facts = row.facts
        on = facts.get("on_call", {})
        asks = list(facts.get("asks", ()))
        if row.kind == Decided.MISSED:
            asks = [{"person": facts["person"], "reason": row.reason}]
        return DecisionView(
            at=row.at,
            kind=row.kind,
            round=row.round,
            step=row.step,
            reason=row.reason,
            why=self._words.word(row.reason),
            targets=facts.get("targets", []),
            asked=[
                AskedView(
                    person=self._ref(ask["person"]),
                    reason=ask["reason"],
                    why=self._words.word(ask["reason"]),
                )
                for ask in asks
            ],
            gap=facts.get("gap", False),
            webhooks=facts.get("webhooks", 0),
            primary=self._ref(on["primary"]) if on.get("primary") else None,
            primary_by=on.get("primary_from"),
            secondary=self._ref(on["secondary"]) if on.get("secondary") else None,
            secondary_by=on.get("secondary_from"),
            messages=self._messages(row, {ask["person"] for ask in asks}),
        )

    def _messages(self, row: DecisionRow, people: set[str]) -> list[NotificationView]:
        """Those of a step; where it asked twice, of the people that this decision is about."""
        if row.kind not in (Decided.ASKED, Decided.ASKED_ALSO):
            return []
        return [
            one
            for one in self._by_step.get((row.escalation_id, row.round, row.step), ())
            if one.person is None or str(one.person.id) in people
        ]

    def _ref(self, identifier: str) -> Ref:
        # Whoever is gone has no name any more but in the messages they were sent.
        known = self._names.get(UUID(identifier))
        return known or Ref(id=UUID(identifier), name="…")
