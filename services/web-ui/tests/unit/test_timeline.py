import re
from datetime import timedelta
from pathlib import Path

from web_ui_fakes import World

from vigie_testing.clock import ManualClock
from web_ui.rendering import TEMPLATES
from web_ui.timeline import LOOKS, PLAIN, moments

WRITER = Path(__file__).parents[3] / "incident-management/src"
# An entry of its own, a step of an incident's life, and what oncall-service tells it of a page.
WRITTEN = re.compile(
    r'kind="([a-z_.]+)"|: \("(incident\.[a-z_]+)"|"((?:page|notification)\.[a-z_]+)": "'
)


def test_the_newest_comes_first_and_two_of_one_instant_keep_their_order(clock: ManualClock) -> None:
    world = World(clock)
    incident = world.incidents.open(age=timedelta(0))
    world.incidents.remark(incident, "alert.attached", "second")
    clock.advance(seconds=1)
    world.incidents.remark(incident, "note", "third", by="Ada Okafor")
    shown = moments(world.incidents.entries[incident.id])
    assert [moment.text for moment in shown] == [
        "third",
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


def test_no_kind_of_an_entry_that_is_written_is_unknown_here() -> None:
    sources = "".join(path.read_text() for path in WRITER.rglob("*.py"))
    written = {kind for found in WRITTEN.findall(sources) for kind in found if kind}
    assert {"incident.reopened", "incident.released", "alert.attached", "page.target"} <= written
    assert written - LOOKS.keys() == set()


def test_every_icon_is_drawn() -> None:
    icons = (TEMPLATES / "_icons.html").read_text()
    for icon, _ in LOOKS.values():
        assert f'"{icon}": ' in icons
