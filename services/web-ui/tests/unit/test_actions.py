import pytest
from web_ui_fakes import World

from incident_management import transitions
from shared.contracts.identity import Role
from shared.contracts.incidents import Status
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


def test_a_row_offers_to_take_only_what_nobody_has_taken(incidents: World) -> None:
    incident = incidents.incidents.open()
    assert actions.quick(incident, Role.RESPONDER) is actions.ACKNOWLEDGE
    taken = incident.model_copy(update={"status": Status.IN_PROGRESS})
    assert actions.quick(taken, Role.RESPONDER) is None


def test_what_a_refusal_allows_is_said_in_the_words_of_the_buttons() -> None:
    assert actions.names_of(["in_progress", "resolved"]) == "You can: start work, resolve."
    assert actions.names_of([]) == "Nothing more can be done with it."
