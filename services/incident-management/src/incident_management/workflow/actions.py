"""What people and automations do to an incident: open, change, comment, merge."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias
from uuid import UUID

from incident_management import views
from incident_management.attachments import latest
from incident_management.clients import PeopleDirectory
from incident_management.references import Reference
from incident_management.store import alerts, incidents, people, writing
from incident_management.store.timeline import latest_entry
from incident_management.tables import IncidentRow
from incident_management.targets import Targets
from incident_management.transitions import ALLOWED, Decision, Reason, Verdict, decide, step
from incident_management.workflow.lifecycle import life_of, live, step_by_person
from incident_management.workflow.opening import new_row, open_incident
from incident_management.workflow.recurring import recur
from incident_management.workflow.undoing import undo_resolution
from incident_management.workflow.work import (
    TO_ALERTS,
    TO_ONCALL,
    Happening,
    IncidentWork,
    transaction,
)
from shared.clock import Clock
from shared.contracts.identity import Actor, Principal
from shared.contracts.incident_api import IncidentPatch, NewIncident, TimelineEntry
from shared.contracts.incidents import Incident, IncidentKind, Status
from shared.contracts.wire import Ref, Severity, is_worse
from shared.database import Database
from shared.errors import Conflict, FieldError, Invalid, NotFound, Unavailable
from shared.identifiers import new_id
from shared.urgency import Occasion
from shared.words.catalogues import ENGLISH

# The steps that change whose the incident is.
_Change: TypeAlias = tuple[str | None, str | None]
"""What a field was, and what it is from now on."""

_HANDS = frozenset({Reason.ACKNOWLEDGED, Reason.WORK_STARTED, Reason.RELEASED})


class IncidentActions:
    """The use cases behind the public routes; one transaction each."""

    def __init__(
        self, database: Database, clock: Clock, targets: Targets, people: PeopleDirectory
    ) -> None:
        self._database = database
        self._clock = clock
        self._targets = targets
        self._people = people

    async def create(self, command: NewIncident, principal: Principal) -> Incident:
        """Open an incident by hand; it is paged like any other."""
        actor = Actor.of(principal)
        async with self._transaction() as work:
            row = new_row(
                id=new_id(),
                title=command.title,
                service=command.service,
                severity=command.severity,
                created_at=work.now,
                origin="manual",
            )
            await open_incident(
                work,
                row,
                reason="opened_by_hand",
                actor=actor,
                data={},
            )
            if command.message is not None:
                _write_note(work, row, command.message, actor)
            return views.incident(row)

    async def patch(
        self, reference: Reference, patch: IncidentPatch, principal: Principal
    ) -> Incident:
        """Change fields, then the state.

        Raises:
            NotFound: there is no such incident.
            Conflict: the state cannot follow the present one (``allowed`` says which can), or the
                incident was merged.
            Invalid: the new assignee is nobody.
            Unavailable: the new assignee's name cannot be found out now.
        """
        actor = Actor.of(principal)
        assignee = await self._assignee(patch, principal)
        async with self._transaction() as work:
            row = await _locked(work, reference)
            if patch.model_fields_set != {"note"}:
                _refuse_merged(row)
            decision = _decide(row, patch.status)
            _edit(work, row, patch, assignee, actor)
            if patch.status is not None and decision is not None:
                if decision.reason in _HANDS and "assignee_id" not in patch.model_fields_set:
                    _hand_over(row, decision.reason, _person(principal))
                await _move(work, row, patch.status, decision, actor)
            if patch.note is not None:
                _write_note(work, row, patch.note, actor)
            named = [person for person in (assignee, _person(principal)) if person is not None]
            await people.remember_people(work.held.connection, named)
            return views.incident(row)

    async def undo_resolution(self, reference: Reference, principal: Principal) -> Incident:
        """Take back a resolution that the caller made by a slip of the hand.

        Raises:
            NotFound: there is no such incident.
            Conflict: it was not resolved, or not by them, or too long ago, or it came again.
        """
        async with self._transaction() as work:
            row = await _locked(work, reference)
            _refuse_merged(row)
            await undo_resolution(work, row, Actor.of(principal))
            return views.incident(row)

    async def recur(self, reference: Reference, principal: Principal) -> Incident:
        """Open an incident anew that is over; answers the new one.

        Raises:
            NotFound: there is no such incident.
            Conflict: it is not over, was merged, or has come again already.
        """
        async with self._transaction() as work:
            row = await _locked(work, reference)
            _refuse_merged(row)
            return views.incident(await recur(work, row, Actor.of(principal)))

    async def snooze(
        self, reference: Reference, duration: timedelta, principal: Principal
    ) -> Incident:
        """Take an incident and leave it alone for so long; then it is open again.

        Raises:
            NotFound: there is no such incident.
            Conflict: it is over, was merged, or somebody works on it.
        """
        actor = Actor.of(principal)
        async with self._transaction() as work:
            row = await _locked(work, reference)
            _refuse_merged(row)
            if row.status is Status.IN_PROGRESS:
                raise Conflict(
                    f"Somebody works on {views.label(row)}: it is left alone already.",
                    reason=Reason.WORK_HAS_STARTED,
                    allowed=[status.value for status in ALLOWED[row.status]],
                )
            decision = _decide(row, Status.ACKNOWLEDGED)
            if decision is not None and decision.verdict is Verdict.CHANGE:
                _hand_over(row, decision.reason, _person(principal))
                await _move(work, row, Status.ACKNOWLEDGED, decision, actor)
            row.snoozed_until = work.now + duration
            work.change(
                row,
                Happening(
                    IncidentKind.SNOOZED,
                    at=work.now,
                    actor=actor,
                    reason="snoozed",
                    data={"until": row.snoozed_until.isoformat()},
                ),
                tell=(TO_ONCALL,),
            )
            if (person := _person(principal)) is not None:
                await people.remember_people(work.held.connection, [person])
            return views.incident(row)

    async def note(self, reference: Reference, text: str, principal: Principal) -> TimelineEntry:
        """Write a note; possible at any time, also on a resolved or merged incident."""
        async with self._transaction() as work:
            row = await _locked(work, reference)
            _write_note(work, row, text, Actor.of(principal))
            await writing.write(work.held)
            return views.entry(await latest_entry(work.held, row.id), ENGLISH)

    async def merge(self, reference: Reference, into: Reference, principal: Principal) -> Incident:
        """Declare an incident to be the same trouble as another, which takes over its alerts.

        Raises:
            NotFound: one of the two does not exist.
            Conflict: one of them is over, or both are the same.
        """
        async with self._transaction() as work:
            ids = (await _found(work, reference)).id, (await _found(work, into)).id
            for incident_id in sorted(set(ids)):
                await incidents.lock(work.held, incident_id)
            named, target = [await _locked(work, incident_id) for incident_id in ids]
            if named.merged_into == target.id:
                return views.incident(named)
            _refuse_merge(named, target)
            await _absorb(work, named, target, Actor.of(principal))
            return views.incident(named)

    def _transaction(self) -> AbstractAsyncContextManager[IncidentWork]:
        return transaction(self._database, self._clock.now(), self._targets)

    async def _assignee(self, patch: IncidentPatch, principal: Principal) -> Ref | None:
        """The person to assign, with a name; asked before any lock is taken."""
        wanted = patch.assignee_id
        if wanted is None:
            return None
        caller = _person(principal)
        if caller is not None and caller.id == wanted:
            return caller
        try:
            found = await self._people.find(wanted)
        except Unavailable as error:
            async with self._database.transaction() as connection:
                known = await people.known_person(connection, wanted)
            if known is None:
                raise Unavailable(
                    "Who that is cannot be found out while oncall-service is down; "
                    "nothing was changed."
                ) from error
            return known
        if found is None:
            raise Invalid([FieldError("assignee_id", "there is no person with this id")])
        return found


async def _found(work: IncidentWork, reference: Reference) -> IncidentRow:
    row = await incidents.find_for_people(work.held, reference)
    if row is None:
        raise NotFound("There is no incident with this id or number.")
    return row


async def _locked(work: IncidentWork, reference: Reference) -> IncidentRow:
    named = await _found(work, reference)
    row = await incidents.lock(work.held, named.id)
    if row is None:
        raise NotFound("There is no incident with this id or number.")
    work.goes_on_from(row)
    return row


def _person(principal: Principal) -> Ref | None:
    """The caller, if it is somebody an incident can be assigned to."""
    if principal.kind != "person":
        return None
    return Ref(id=UUID(principal.id), name=principal.name)


def _refuse_merged(row: IncidentRow) -> None:
    if row.merged_into is not None:
        raise Conflict(
            f"{views.label(row)} was merged into another incident: change that one.",
            reason=Reason.MERGED_IS_FINAL,
            allowed=[],
            merged_into=str(row.merged_into),
        )


def _decide(row: IncidentRow, wanted: Status | None) -> Decision | None:
    """The decision on a request for a state; None when none was asked for."""
    if wanted is None:
        return None
    decision = decide(row.status, wanted)
    if decision.verdict is not Verdict.REFUSE:
        return decision
    allowed = [status.value for status in decision.allowed]
    if decision.reason is Reason.RESOLVED_IS_FINAL:
        why = "that is final, and what comes again is a new incident"
    else:
        why = f"from there it can become {' or '.join(allowed)}"
    raise Conflict(
        f"{views.label(row)} is {row.status} and cannot become {wanted}: {why}.",
        reason=decision.reason,
        allowed=allowed,
    )


def _edit(
    work: IncidentWork, row: IncidentRow, patch: IncidentPatch, assignee: Ref | None, actor: Actor
) -> None:
    """Change the plain fields, one timeline entry each; what stays the same says nothing."""
    tell = partial(_tell_edit, work, row, actor)
    if patch.title is not None and patch.title != row.title:
        tell(IncidentKind.RETITLED, (row.title, patch.title))
        row.title = patch.title
    if patch.severity is not None and patch.severity is not row.severity:
        tell(IncidentKind.SEVERITY_CHANGED, (row.severity, patch.severity))
        row.severity = patch.severity
    if patch.severity is not None:
        # A person's own choice stands until something worse than anything before comes.
        row.severity_chosen = True
    if "team" in patch.model_fields_set and patch.team != row.team:
        tell(IncidentKind.TEAM_CHANGED, (row.team, patch.team))
        row.team = patch.team
    if "assignee_id" in patch.model_fields_set and patch.assignee_id != row.assignee_id:
        new_name = assignee.name if assignee else None
        tell(IncidentKind.ASSIGNED, (row.assignee_name, new_name))
        row.assignee_id = assignee.id if assignee else None
        row.assignee_name = new_name


def _tell_edit(
    work: IncidentWork, row: IncidentRow, actor: Actor, kind: IncidentKind, change: _Change
) -> None:
    work.change(
        row,
        Happening(
            kind,
            at=work.now,
            actor=actor,
            reason="edited",
            data={"from": change[0], "to": change[1]},
        ),
        tell=(TO_ONCALL,),
    )


async def _move(
    work: IncidentWork, row: IncidentRow, wanted: Status, decision: Decision, actor: Actor
) -> None:
    """An accepted request for a state."""
    if decision.verdict is Verdict.KEEP:
        work.remark(
            row,
            Happening(
                IncidentKind.UNCHANGED,
                at=work.now,
                actor=actor,
                reason=decision.reason,
                data={"status": row.status.value, **_since(row)},
            ),
        )
        return
    step_by_person(work, row, wanted, decision.reason, actor)
    if wanted is Status.RESOLVED:
        # A person ended it, so none of its alerts counts as firing any more.
        await alerts.end_by_hand(work.held, row.id, at=work.now)
        if any(row.firing.values()):
            row.firing, row.last_alert_end = {}, latest(row.last_alert_end, work.now)


def _since(row: IncidentRow) -> dict[str, str | None]:
    """Since when it is what it is, and by whom, where that is known."""
    since: dict[Status, tuple[datetime | None, str | None]] = {
        Status.ACKNOWLEDGED: (row.acknowledged_at, row.acknowledged_by),
        Status.RESOLVED: (row.resolved_at, row.resolved_by),
    }
    instant, who = since.get(row.status, (None, None))
    return {"since_at": instant.isoformat() if instant else None, "since_by": who}


def _hand_over(row: IncidentRow, reason: Reason, person: Ref | None) -> None:
    """Whoever takes an incident has it; a released one is nobody's, so that a page can fill it."""
    if reason is Reason.RELEASED:
        row.assignee_id = row.assignee_name = None
    elif person is not None:
        row.assignee_id, row.assignee_name = person.id, person.name


def _write_note(work: IncidentWork, row: IncidentRow, text: str, actor: Actor) -> None:
    work.remark(row, Happening(IncidentKind.NOTE, text=text, at=work.now, actor=actor))


def _refuse_merge(source: IncidentRow, target: IncidentRow) -> None:
    if source.id == target.id:
        raise Conflict(f"{views.label(source)} cannot be merged into itself.", reason="same")
    for row in (source, target):
        _refuse_merged(row)
        if row.status is Status.RESOLVED:
            raise Conflict(
                f"{views.label(row)} is resolved, and that is final: only incidents that are not "
                "over can be merged.",
                reason=Reason.RESOLVED_IS_FINAL,
                allowed=[],
            )


async def _absorb(
    work: IncidentWork, source: IncidentRow, target: IncidentRow, actor: Actor
) -> None:
    """The source ends as a part of the target; its alerts move, its measures do not count."""
    moved = await alerts.move_all(work.held, source.id, target.id)
    live(source, step(life_of(source), Status.RESOLVED, at=work.now, by=actor.name))
    source.merged_into = target.id
    target.alert_count += moved
    _hand_counts_over(source, target)
    rises = is_worse(source.severity, target.severity)
    if rises:
        target.severity = source.severity
    worst = source.worst_severity or source.severity
    if is_worse(worst, target.worst_severity or target.severity):
        target.worst_severity = worst
    work.change(
        source,
        Happening(
            IncidentKind.MERGED,
            at=work.now,
            actor=actor,
            reason="merged",
            data={"into": str(target.id), "number": target.number, "alerts": moved},
        ),
        tell=(TO_ONCALL, TO_ALERTS),
        occasion=Occasion.FIRST_WORD,
    )
    work.change(
        target,
        Happening(
            IncidentKind.ABSORBED,
            at=work.now,
            actor=actor,
            reason="merged",
            data={"from": str(source.id), "number": source.number, "alerts": moved},
        ),
        # Whoever is paged for it, and in which order, depends on how grave it is now.
        tell=(TO_ONCALL,) if rises else (),
    )


def _hand_counts_over(source: IncidentRow, target: IncidentRow) -> None:
    """Count with the target the alerts that were the source's."""
    target.firing = {
        severity: source.firing.get(severity, 0) + target.firing.get(severity, 0)
        for severity in Severity
    }
    target.disagreeing += source.disagreeing
    target.last_alert_end = latest(source.last_alert_end, target.last_alert_end)
    source.alert_count, source.firing = 0, {}
    source.disagreeing, source.last_alert_end = 0, None
