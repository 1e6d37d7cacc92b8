"""The reasons for which somebody was paged for an incident, or was not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from oncall_service.notifications.store.rows import CANCELLED, FAILED
from oncall_service.paging.ledger import Decided
from oncall_service.paging.plans import plan_of
from oncall_service.paging.reasons import Reason
from oncall_service.tables import DecisionRow, EscalationRow
from shared.contracts.oncall import MessageKind
from shared.contracts.oncall_api import NotificationView


class WhyNot(StrEnum):
    """Why somebody was not paged."""

    NEVER_ESCALATED = "never_escalated"
    NO_CONTACT_METHOD = "no_contact_method"
    STOPPED_BEFORE_THEIR_STEP = "stopped_before_their_step"
    STOPPED_BEFORE_THEIR_MESSAGE = "stopped_before_their_message"
    DELIVERY_FAILED = "delivery_failed"
    NOT_ON_CALL = "not_on_call"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether somebody was paged, and the reasons, each once, in the order of time."""

    paged: bool
    reasons: tuple[str, ...]


def answer(
    person: UUID,
    runs: Sequence[EscalationRow],
    decisions: Sequence[DecisionRow],
    messages: Sequence[NotificationView],
) -> Answer:
    """From an incident's runs, what they decided, and the messages that somebody was owed."""
    pages = [one for one in messages if one.kind == MessageKind.PAGE]
    rang = [one for one in pages if one.outcome not in (CANCELLED, FAILED)]
    if rang:
        return Answer(True, _each_once(one.reason for one in rang))
    if not runs:
        return Answer(False, (WhyNot.NEVER_ESCALATED,))
    reasons: list[str] = []
    if any(one.outcome == CANCELLED for one in pages):
        reasons.append(WhyNot.STOPPED_BEFORE_THEIR_MESSAGE)
    if any(one.outcome == FAILED for one in pages):
        reasons.append(WhyNot.DELIVERY_FAILED)
    if any(one.kind == Decided.MISSED and one.facts["person"] == str(person) for one in decisions):
        reasons.append(WhyNot.NO_CONTACT_METHOD)
    reasons += _of_steps(person, runs, decisions)
    return Answer(False, _each_once(reasons or [WhyNot.NOT_ON_CALL]))


def _of_steps(
    person: UUID, runs: Sequence[EscalationRow], decisions: Sequence[DecisionRow]
) -> list[str]:
    """Why the steps that name somebody, or for which they were on call, did not ask them."""
    reasons: list[str] = []
    for run in runs:
        named = {
            index
            for index, step in enumerate(plan_of(run).steps)
            if any(goal.person == person for goal in step.goals)
        }
        made = [one for one in decisions if one.escalation_id == run.id]
        reasons += [one.reason for one in made if one.kind == Decided.SKIPPED and one.step in named]
        done = {one.step for one in made if one.kind != Decided.ENDED}
        stopped = run.ended_reason not in (None, Reason.EXHAUSTED, Reason.NO_STEP_FOR_SEVERITY)
        if stopped and named - done:
            reasons.append(WhyNot.STOPPED_BEFORE_THEIR_STEP)
    return reasons


def _each_once(reasons: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reasons))
