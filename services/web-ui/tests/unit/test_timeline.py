from datetime import timedelta

from web_ui_fakes import World

from shared.contracts.incidents import IncidentKind
from shared.contracts.oncall import PageKind
from vigie_testing.clock import ManualClock
from web_ui.rendering import TEMPLATES
from web_ui.timeline import LOOKS, PLAIN, moments


def test_the_newest_comes_first_and_two_of_one_instant_keep_their_order(clock: ManualClock) -> None:
    world = World(clock)
    incident = world.incidents.open(age=timedelta(0))
    world.incidents.remark(incident, "alert.attached", "second")
    clock.advance(seconds=1)
    world.incidents.remark(incident, "note", "third", by="Ada Okafor")
    shown = moments(world.incidents.entries[incident.id])
    assert [str(moment.text).strip() for moment in shown] == [
        "<p>third</p>",
        "second",
        "Opened by an alert of checkout",
    ]
    assert shown[0].note
    assert shown[0].who == "Ada Okafor"


def test_a_kind_nobody_has_heard_of_is_shown_plainly(clock: ManualClock) -> None:
    world = World(clock)
    incident = world.incidents.open()
    world.incidents.remark(incident, "quantum.entangled", "Something new")
    newest = moments(world.incidents.entries[incident.id])[0]
    assert (newest.icon, newest.tone) == PLAIN


def test_every_kind_has_a_look() -> None:
    assert set(LOOKS) == {*IncidentKind, *PageKind} - {IncidentKind.LEGACY}


def test_a_sentence_of_the_past_looks_like_what_it_was(clock: ManualClock) -> None:
    world = World(clock)
    incident = world.incidents.open()
    world.incidents.remark(incident, IncidentKind.LEGACY, "Somebody was paged.")
    entries = world.incidents.entries[incident.id]
    entries[-1] = entries[-1].model_copy(update={"data": {"kind": PageKind.TARGET.value}})
    newest = moments(entries)[0]
    assert (newest.icon, newest.tone) == LOOKS[PageKind.TARGET]


def test_every_icon_is_drawn() -> None:
    icons = (TEMPLATES / "_icons.html").read_text()
    for icon, _ in LOOKS.values():
        assert f'"{icon}": ' in icons
