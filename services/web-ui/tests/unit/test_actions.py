from uuid import UUID

import pytest
from web_ui_fakes import World

from incident_management import transitions
from shared.contracts.identity import Role
from shared.contracts.incidents import Incident, Status
from shared.contracts.wire import Ref
from vigie_testing.clock import ManualClock
from web_ui import actions


@pytest.fixture
def incidents() -> World:
    return World(ManualClock())


@pytest.mark.parametrize("status", Status)
def test_a_button_promises_exactly_what_incident_management_allows(status: Status) -> None:
    offered = {action.status for action in actions.BUTTONS[status] if action.status}
    assert offered == set(transitions.ALLOWED[status])


def test_only_a_resolved_incident_cannot_be_escalated() -> None:
    without = {s for s in Status if actions.ESCALATE not in actions.BUTTONS[s]}
    assert without == {Status.RESOLVED}


def test_a_viewer_gets_no_button_and_a_merged_incident_offers_none(incidents: World) -> None:
    incident = incidents.incidents.open()
    assert actions.buttons(incident, Role.VIEWER) == ()
    assert actions.quick(incident, Role.VIEWER) is None
    assert actions.buttons(incident, Role.RESPONDER)
    merged = incident.model_copy(update={"merged_into": incident.id})
    assert actions.buttons(merged, Role.ADMIN) == ()


def test_who_is_slower_is_told_who_has_it_and_who_pauses_another_s_work_is_not(
    incidents: World,
) -> None:
    ada = Ref(id=UUID(int=1), name="Ada")
    taken = incidents.incidents.open().model_copy(
        update={"status": Status.ACKNOWLEDGED, "assignee": ada}
    )
    asked = ("acknowledge", str(UUID(int=2)), "Bob")
    assert _told(taken, *asked) == "Ada has this incident."
    assert _told(taken, "acknowledge", str(ada.id), "Ada") is None
    # Ada was working on it; what Bob asked for put that back, and left it hers.
    paused = taken.model_copy(update={"in_progress_at": taken.created_at})
    assert _told(paused, *asked) is None


def _told(incident: Incident, action: str, person_id: str, name: str) -> str | None:
    return actions.overtaken(incident, actions.BY_NAME[action], person_id, name)


def test_a_row_offers_to_take_only_what_nobody_has_taken(incidents: World) -> None:
    incident = incidents.incidents.open()
    assert actions.quick(incident, Role.RESPONDER) is actions.ACKNOWLEDGE
    taken = incident.model_copy(update={"status": Status.IN_PROGRESS})
    assert actions.quick(taken, Role.RESPONDER) is None


def test_what_a_refusal_allows_is_said_in_the_words_of_the_buttons() -> None:
    assert actions.names_of(["in_progress", "resolved"]) == "You can: start work, resolve."
    assert actions.names_of([]) == "Nothing more can be done with it."
