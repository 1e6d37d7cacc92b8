"""How a run gets on: the step that is due, and whoever comes on call while it waits."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from oncall_service.core.metrics import GAPS
from oncall_service.notifications.store import rows
from oncall_service.notifications.work import MessageWork
from oncall_service.paging.directory import Directory
from oncall_service.paging.pages import Due, Pages
from oncall_service.paging.plans import plan_of, position_of
from oncall_service.paging.reasons import Reason
from oncall_service.paging.rounds import Asked, Missed, Next, came_on_call, next_step
from oncall_service.paging.steps import Choice, Exhaust, Page, Position, advance
from oncall_service.paging.telling import about, told
from oncall_service.policies.rules import Plan
from oncall_service.tables import EscalationRow, IncidentRow
from shared.contracts.oncall import PageKind
from shared.contracts.wire import Ref
from shared.urgency import Occasion

_log = structlog.get_logger(__name__)


def end(run: EscalationRow, status: str, reason: Reason, now: datetime) -> None:
    """Let a run do nothing any more."""
    run.status, run.ended_reason = status, reason
    run.ended_at, run.due_at, run.hand_off_at = now, None, None


class Progress:
    """Of the runs of one transaction."""

    def __init__(self, work: MessageWork, directory: Directory) -> None:
        self._work = work
        self._directory = directory
        self._pages = Pages(work, directory)

    async def look(self, incident: IncidentRow, run: EscalationRow) -> None:
        """Ask whoever came on call in the meantime, and do the step that is due, if one is."""
        plan = plan_of(run)
        roster = await self._directory.roster(run.team_id, plan)
        asked = await self._asked(run)
        for place, person in came_on_call(plan, position_of(run), roster, asked):
            choice = Choice((person,), Reason.CAME_ON_CALL)
            if person in roster.reachable:
                await self._ask_also(incident, run, plan, place, choice)
                asked.append(Asked(place.round, place.step, person, choice.reason))
            else:
                await self._miss(run, [Missed(place.step, person, choice.reason)])
                self._hurry(run, plan)
        if run.due_at is not None and run.due_at <= self._work.now:
            await self.step(incident, run, asked=asked)
        else:
            await self._watch(run)

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
        decision = advance(plan, position_of(run), self._work.now)
        if isinstance(decision, Exhaust):
            self._exhaust(run, decision.reason)
            return
        if asked is None:
            asked = await self._asked(run)
        roster = await self._directory.roster(run.team_id, plan)
        following = next_step(plan, decision, roster, asked, self._work.now)
        wait = await self._do(
            incident, run, following, occasion=occasion, waits=waits, first=not asked
        )
        page = following.page
        run.next_round, run.next_step = page.next.round, page.next.step
        # A step whose people are only told in the morning gives them its time from then on.
        run.due_at = page.due_at + wait
        if run.single_step:
            end(run, "completed", Reason.HELP_CALLED, self._work.now)
        else:
            await self._watch(run)

    async def _do(
        self,
        incident: IncidentRow,
        run: EscalationRow,
        following: Next,
        *,
        occasion: Occasion,
        waits: bool,
        first: bool,
    ) -> timedelta:
        """Owe the messages of a step; how long the first of its people waits."""
        page, choice = following.page, following.choice
        await self._miss(run, following.missed)
        _log.info(
            "escalation_step",
            **about(run),
            round=page.at.round,
            step=page.at.step,
            reason=choice.reason,
            people=len(choice.people),
        )
        if choice.reason is Reason.ALREADY_ASKED:
            return timedelta()
        if choice.gap:
            await self._report_gap(run, page, choice)
        return await self._pages.owe(
            Due(incident, run, page, choice, occasion, waits=waits, first=first)
        )

    async def _ask_also(
        self, incident: IncidentRow, run: EscalationRow, plan: Plan, place: Position, choice: Choice
    ) -> None:
        """Page somebody who came on call for a step that was done before they did."""
        page = advance(plan, place, self._work.now)
        if not isinstance(page, Page):
            return
        _log.info("escalation_hand_off", **about(run), round=place.round, step=place.step)
        wait = await self._pages.owe(
            Due(incident, run, page, choice, Occasion.MORE, waits=True, first=False)
        )
        if self._is_last(run, plan) and run.due_at is not None:
            # Nobody comes after them: they have the time of the step before the run ends.
            run.due_at = max(run.due_at, page.due_at + wait)

    def _hurry(self, run: EscalationRow, plan: Plan) -> None:
        """On to the next step at once: whoever is on call now cannot be reached."""
        if not self._is_last(run, plan) and run.due_at is not None:
            run.due_at = min(run.due_at, self._work.now)

    @staticmethod
    def _is_last(run: EscalationRow, plan: Plan) -> bool:
        return position_of(run).round > plan.repeat

    async def _watch(self, run: EscalationRow) -> None:
        """Look again when who is on call changes before the next step."""
        if run.due_at is not None:
            run.roster_revision, run.hand_off_at = await self._directory.hand_off(
                run.team_id, run.due_at
            )

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
                    step=one.step,
                )
            )
        _log.warning("page_target_unreachable", **about(run), people=len(missed))

    async def _report_gap(self, run: EscalationRow, page: Page, choice: Choice) -> None:
        # A team without any rotation (the catch-all of a fresh installation) lives by its fallback:
        # no hole has opened that somebody should be told about.
        if await self._directory.has_schedule(run.team_id):
            self._work.increments.inc(GAPS, team=run.team_name)
        self._work.tell(
            told(
                run,
                PageKind.GAP,
                now=self._work.now,
                step=page.at.step,
                reason=choice.reason,
                team=Ref(id=run.team_id, name=run.team_name),
                data={"target": page.step.target},
            )
        )

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
        _log.warning("escalation_exhausted", **about(run))
