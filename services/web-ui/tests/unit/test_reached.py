"""Who was reached, and who was only written to."""

from datetime import timedelta
from uuid import uuid4

import pytest
from web_ui_fakes import World

from shared.contracts.oncall_api import NotificationView, WhyView
from shared.contracts.wire import Ref
from vigie_testing.clock import ManualClock
from web_ui.reached import told

ADA = Ref(id=uuid4(), name="Ada Okafor")


def ledger(world: World, *messages: tuple[str, str]) -> WhyView:
    now = world.clock.now()
    return WhyView(
        incident_id=uuid4(),
        number=1,
        title="x",
        severity="high",
        runs=[],
        others=[
            NotificationView(
                id=uuid4(),
                kind="page",
                person=ADA,
                channel=channel,
                outcome=outcome,
                created_at=now + timedelta(seconds=place),
            )
            for place, (channel, outcome) in enumerate(messages)
        ],
    )


@pytest.mark.parametrize(
    ("messages", "reached", "waiting"),
    [
        ([("email", "sent")], True, False),
        ([("log", "sent")], False, False),
        ([("email", "failed")], False, False),
        ([("email", "pending")], False, True),
        ([("log", "sent"), ("email", "pending")], False, True),
        ([("email", "failed"), ("ntfy", "sent")], True, False),
        ([("email", "cancelled")], False, False),
    ],
)
def test_a_human_being_is_reached_by_what_was_sent_to_more_than_a_log(
    messages: list[tuple[str, str]], reached: bool, waiting: bool
) -> None:
    world = World(ManualClock())
    [one] = told(ledger(world, *messages), world.incidents.open()) or ()
    assert (one.reached, one.waiting, one.answered) == (reached, waiting, False)


def test_whoever_answered_was_reached_whatever_the_messages_say() -> None:
    world = World(ManualClock())
    incident = world.incidents.open(acknowledged_by=ADA.name)
    [one] = told(ledger(world, ("email", "failed")), incident) or ()
    assert one.reached
    assert told(None, incident) is None
