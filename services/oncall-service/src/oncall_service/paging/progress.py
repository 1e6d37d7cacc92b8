"""How a run gets on: what its course decides, written down and owed to people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from oncall_service.core.metrics import GAPS
from oncall_service.notifications.store import rows
from oncall_service.notifications.work import MessageWork
from oncall_service.paging import course, ledger
from oncall_service.paging.course import Asking, Circumstances, Deed, Ending, State
from oncall_service.paging.directory import Directory
from oncall_service.paging.pages import Due, Pages
from oncall_service.paging.plans import plan_of, position_of
from oncall_service.paging.reasons import Reason
from oncall_service.paging.rounds import Asked, Missed, Skipped
from oncall_service.paging.telling import about, told
from oncall_service.policies.rules import Plan, Target
from oncall_service.tables import DecisionRow, EscalationRow, IncidentRow
from shared.contracts.oncall import PageKind
from shared.contracts.wire import Ref, Severity
from shared.urgency import Occasion

# The engine looks every second; more than this is the trace of a stop, and said.
LATE = timedelta(seconds=30)

_log = structlog.get_logger(__name__)


def end(run: EscalationRow, status: str, reason: Reason, now: datetime) -> None:
    """Let a run do nothing any more."""
    run.status, run.ended_reason = status, reason
    run.ended_at, run.due_at, run.hand_off_at = now, None, None


@dataclass(frozen=True, slots=True)
class _How:
    """By which plan, how urgent, whether within people's hours, and how late it comes."""

    plan: Plan
    occasion: Occasion
    waits: bool
    late: timedelta = timedelta()


class Progress:
    """Of the runs of one transaction; ``decisions`` are to be stored after the runs."""

    def __init__(self, work: MessageWork, directory: Directory) -> None:
        self._work = work
        self._directory = directory
        self._pages = Pages(work, directory)
        self.decisions: list[DecisionRow] = []

    async def look(self, incident: IncidentRow, run: EscalationRow) -> None:
        """Ask whoever came on call in the meantime, and do the step that is due, if one is."""
        plan = plan_of(run)
        state = State(position_of(run), run.due_at, tuple(await self._asked(run)))
        met = await self._met(incident, run, plan, waits=True)
        state, deeds = course.look(plan, state, met)
        late = self._late(run)
        if late:
            _log.warning("escalation_late", **about(run), seconds=late.total_seconds())
        how = _How(plan, Occasion.MORE, waits=True, late=late)
        await self._follow(incident, run, state, deeds, how)

    async def step(
        self,
        incident: IncidentRow,
        run: EscalationRow,
        *,
        occasion: Occasion = Occasion.MORE,
        waits: bool = True,
        asked: Sequence[Asked] | None = None,
    ) -> None:
        """Do what the run does next; ``asked`` where it is known whom it has paged by now."""
        plan = plan_of(run)
        if asked is None:
            asked = await self._asked(run)
        state = State(position_of(run), run.due_at, tuple(asked))
        met = await self._met(incident, run, plan, waits=waits)
        state, deeds = course.step(plan, state, met)
        await self._follow(incident, run, state, deeds, _How(plan, occasion, waits=waits))

    def _late(self, run: EscalationRow) -> timedelta:
        """By how much a step is done too late, as after a stop; zero within what is usual."""
        if run.due_at is None or self._work.now - run.due_at < LATE:
            return timedelta()
        return self._work.now - run.due_at

    async def _met(
        self, incident: IncidentRow, run: EscalationRow, plan: Plan, *, waits: bool
    ) -> Circumstances:
        roster = await self._directory.roster(run.team_id, plan)
        return Circumstances(roster, Severity(incident.severity), self._work.now, waits)

    async def _follow(
        self,
        incident: IncidentRow,
        run: EscalationRow,
        state: State,
        deeds: Sequence[Deed],
        how: _How,
    ) -> None:
        """Write down what was decided, and owe what follows from it."""
        plan = how.plan
        on = (await self._directory.world(run.team_id, plan)).on_call(self._work.now)
        self.decisions += [
            ledger.written(run, deed, plan, on, now=self._work.now) for deed in deeds
        ]
        run.next_round, run.next_step = state.position.round, state.position.step
        run.due_at = state.due_at
        missed = [deed for deed in deeds if isinstance(deed, Missed)]
        await self._miss(run, missed)
        for deed in deeds:
            match deed:
                case Asking():
                    due = Due(
                        incident=incident,
                        run=run,
                        asking=deed,
                        step=plan.steps[deed.at.step],
                        occasion=how.occasion,
                        waits=how.waits,
                        late=timedelta() if deed.also else how.late,
                    )
                    await self._ask(run, due)
                case Skipped():
                    await self._skip(run, plan, deed)
                case Ending():
                    self._exhaust(run, deed.reason)
                case Missed():
                    pass
        if run.status != "running":
            return
        if run.single_step:
            end(run, "completed", Reason.HELP_CALLED, self._work.now)
        elif run.due_at is not None:
            # Look again when who is on call changes before the next step.
            run.roster_revision, run.hand_off_at = await self._directory.hand_off(
                run.team_id, plan, run.due_at
            )

    async def _ask(self, run: EscalationRow, due: Due) -> None:
        asking = due.asking
        choice = asking.choice
        _log.info(
            "escalation_hand_off" if asking.also else "escalation_step",
            **about(run),
            round=asking.at.round,
            step=asking.at.step,
            reason=choice.reason,
            people=len(choice.asks),
        )
        if choice.reason is Reason.ALREADY_ASKED:
            return
        if choice.gap:
            await self._report_gap(run, due)
        await self._pages.owe(due)

    async def _asked(self, run: EscalationRow) -> list[Asked]:
        await self._work.session.flush()
        return [Asked(*one) for one in await rows.asked(self._work.session, run.id)]

    async def _miss(self, run: EscalationRow, missed: Sequence[Missed]) -> None:
        """Say by name who cannot be reached."""
        if not missed:
            return
        people = await self._directory.people(one.person for one in missed)
        for one in missed:
            self._work.tell(
                told(
                    run,
                    PageKind.UNREACHABLE,
                    now=self._work.now,
                    reason=one.reason,
                    person=people[one.person].ref,
                    step=one.at.step,
                )
            )
        _log.warning("page_target_unreachable", **about(run), people=len(missed))

    async def _skip(self, run: EscalationRow, plan: Plan, skipped: Skipped) -> None:
        goals = plan.steps[skipped.at.step].goals
        self._work.tell(
            told(
                run,
                PageKind.SKIPPED,
                now=self._work.now,
                reason=skipped.reason,
                step=skipped.at.step,
                team=Ref(id=run.team_id, name=run.team_name),
                data={"target": goals[0].target},
            )
        )
        if skipped.reason is Reason.NOBODY_ON_CALL and goals[0].target is Target.PRIMARY:
            await self._count_gap(run)
        _log.info("escalation_step_skipped", **about(run), step=skipped.at.step)

    async def _report_gap(self, run: EscalationRow, due: Due) -> None:
        await self._count_gap(run)
        self._work.tell(
            told(
                run,
                PageKind.GAP,
                now=self._work.now,
                step=due.asking.at.step,
                reason=due.asking.choice.reason,
                team=Ref(id=run.team_id, name=run.team_name),
                data={"target": due.step.goals[0].target},
            )
        )

    async def _count_gap(self, run: EscalationRow) -> None:
        # A team without any rotation (the catch-all of a fresh installation) lives by its fallback:
        # no hole has opened that somebody should be told about.
        if await self._directory.has_schedule(run.team_id):
            self._work.increments.inc(GAPS, team=run.team_name)

    def _exhaust(self, run: EscalationRow, reason: Reason) -> None:
        end(run, "exhausted", reason, self._work.now)
        self._work.tell(
            told(
                run,
                PageKind.EXHAUSTED,
                now=self._work.now,
                reason=reason,
                data={"policy": run.policy_name},
            )
        )
        _log.warning("escalation_exhausted", **about(run), reason=reason)
