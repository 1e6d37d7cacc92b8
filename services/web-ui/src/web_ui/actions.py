"""What a person can do with an incident: the buttons of a state, and the state each one asks for.

incident-management decides; this table only keeps a button from promising what it would refuse. A
test compares it with incident-management's own transitions.
"""

from dataclasses import dataclass

from shared.contracts.identity import Role
from shared.contracts.incidents import Incident, Status
from shared.errors import Problem
from web_ui.reading import say, sentence


@dataclass(frozen=True)
class Action:
    """A button: ``name`` is the last part of its address, ``status`` what it asks for, if any."""

    name: str
    label: str
    hint: str
    status: Status | None = None
    style: str = ""


ACKNOWLEDGE = Action(
    "acknowledge",
    sentence("Acknowledge"),
    sentence("I have seen it: stop paging others"),
    Status.ACKNOWLEDGED,
    "primary",
)
START = Action(
    "start", sentence("Start work"), sentence("I am working on it now"), Status.IN_PROGRESS
)
PAUSE = Action(
    "acknowledge",
    sentence("Pause work"),
    sentence("Keep it, without working on it now"),
    Status.ACKNOWLEDGED,
)
RESOLVE = Action("resolve", sentence("Resolve"), sentence("It is over"), Status.RESOLVED)
RELEASE = Action("release", sentence("Release"), sentence("Give it back: page again"), Status.OPEN)
ESCALATE = Action(
    "escalate", sentence("Escalate"), sentence("Page the next person now"), style="danger"
)

BUTTONS: dict[Status, tuple[Action, ...]] = {
    Status.OPEN: (ACKNOWLEDGE, START, RESOLVE, ESCALATE),
    Status.ACKNOWLEDGED: (START, RESOLVE, RELEASE, ESCALATE),
    Status.IN_PROGRESS: (RESOLVE, PAUSE, ESCALATE),
    Status.RESOLVED: (),
}

BY_NAME = {action.name: action for action in (START, ACKNOWLEDGE, RESOLVE, RELEASE, ESCALATE)}

NEEDS = Role.RESPONDER


def buttons(incident: Incident, role: Role) -> tuple[Action, ...]:
    """The buttons this role gets for this incident; none for a viewer, or once it is merged."""
    if not role.includes(NEEDS) or incident.merged_into is not None:
        return ()
    return BUTTONS[incident.status]


def quick(incident: Incident, role: Role) -> Action | None:
    """The one button of a row in a list: taking what nobody has taken."""
    return ACKNOWLEDGE if ACKNOWLEDGE in buttons(incident, role) else None


def overtaken(incident: Incident, asked: Action, person_id: str, name: str) -> str | None:
    """Who was faster than this person, as a sentence; None when nobody was.

    ``incident`` is the answer to what they asked.

    Asking for the state it is in changes nothing and is no error, so two people who press the same
    button are both answered alike. Who takes an incident is its assignee: another one has it. To
    pause somebody's work is a change, though, and leaves it theirs: once work began, an
    acknowledged incident may be the answer to that, and nothing is said.
    """
    taken = asked.status is Status.ACKNOWLEDGED and incident.in_progress_at is None
    if taken or asked.status is Status.IN_PROGRESS:
        has_it = incident.assignee
        if has_it is not None and str(has_it.id) != person_id:
            return str(say("{name} has this incident.", name=has_it.name))
    if asked.status is Status.RESOLVED and incident.resolved_by != name:
        if incident.resolved_by:
            return str(say("{name} had already resolved it.", name=incident.resolved_by))
        return str(say("It had already resolved by itself."))
    return None


def instead_of(error: Problem) -> str:
    """What a refusal says is possible; empty where it is about something else than a state."""
    return names_of(error.extra["allowed"]) if "allowed" in error.extra else ""


def names_of(allowed: list[str]) -> str:
    """The states a refusal says are possible, as a sentence for a person."""
    labels = [
        str(say(action.label)).lower()
        for status in allowed
        for action in (ACKNOWLEDGE, START, RESOLVE, RELEASE)
        if action.status is not None and action.status.value == status
    ]
    if not labels:
        return str(say("Nothing more can be done with it."))
    return str(say("You can: {actions}.", actions=", ".join(labels)))
