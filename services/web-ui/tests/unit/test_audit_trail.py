"""Two records of changes as one: in order over all pages, and nothing twice or left out."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_ui_fakes import at

from shared.contracts.audit import AuditEntry
from shared.contracts.identity import Actor
from shared.contracts.wire import Page
from web_ui.audit_trail import Place, Told, differences, merged
from web_ui.reading import Reading, reading

NOW = at("2026-11-27T12:00:00")
ADA = Actor(kind="person", id="1", name="Ada")


def entry(seq: int, moment: datetime, **states: Any) -> AuditEntry:
    return AuditEntry(
        seq=seq,
        at=moment,
        actor=ADA,
        action="team.changed",
        subject_kind="team",
        subject_id="7",
        before=states.get("before"),
        after=states.get("after"),
    )


def told(record: list[AuditEntry], place: Place, size: int) -> Told:
    """As a service tells it: its cursor is the number of those before."""
    if place.over:
        return Told(place, None)
    start = int(place.cursor or 0)
    following = str(start + size) if start + size < len(record) else None
    return Told(place, Page(items=record[start : start + size], next_cursor=following))


@given(st.lists(st.booleans(), max_size=160), st.integers(1, 60))
def test_all_pages_together_tell_everything_once_and_in_order(sides: list[bool], size: int) -> None:
    everything = [entry(n, NOW - timedelta(seconds=n)) for n in range(len(sides))]
    ours = [one for one, side in zip(everything, sides, strict=True) if side]
    theirs = [one for one, side in zip(everything, sides, strict=True) if not side]
    places, seen = [Place(), Place()], []
    for _ in range(2 * len(sides) + 2):
        pages = [told(ours, places[0], size), told(theirs, places[1], size)]
        found, after = merged(pages)
        seen += found
        # As they travel in the address of the next page.
        places = [Place.of(place.text) for place in after]
        if all(place.over for place in places):
            break
    assert [one.seq for one in seen] == [one.seq for one in everything]
    assert all(one.at > other.at for one, other in pairwise(seen))


def test_a_service_that_does_not_answer_goes_on_where_it_was() -> None:
    place = Place("abc", 3)
    found, (ours, theirs) = merged([told([entry(1, NOW)], Place(), 50), Told(place, None)])
    assert len(found) == 1
    assert (ours.over, theirs) == (True, place)


@pytest.mark.parametrize("text", ["", "nonsense", "-1.x", "99999.x", "1e3.x"])
def test_an_address_that_nobody_made_is_the_beginning(text: str) -> None:
    assert Place.of(text) == Place()


def test_what_differs_is_said_by_names() -> None:
    lea, jun = ({"id": str(n), "name": name} for n, name in enumerate(("Léa", "Jun")))
    changed = entry(
        1,
        NOW,
        before={"members": [lea], "login": None, "fallback": lea, "can_sign_in": False},
        after={"members": [lea, jun], "login": "", "fallback": None, "can_sign_in": True},
    )
    said = [(each.field, each.before, each.after) for each in differences(changed)]
    assert said == [
        ("Can sign in", "no", "yes"),
        ("Fallback", "Léa", ""),
        ("Members", "Léa", "Léa, Jun"),
    ]


def test_what_has_no_name_is_said_by_its_fields_that_say_something() -> None:
    steps = [
        {"delay_minutes": 5, "targets": [{"kind": "person", "person": {"id": "1", "name": "Léa"}}]},
        {"delay_minutes": 10, "targets": [{"kind": "primary", "person": None}]},
    ]
    made = entry(1, NOW, after={"id": "7", "created_at": "then", "steps": steps, "repeat": 2})
    with reading(Reading("en")):
        said = {each.field: each.after for each in differences(made)}
    first = "Delay minutes: 5, Targets: Kind: person, Person: Léa"
    assert said == {
        "Steps": f"{first} · Delay minutes: 10, Targets: Kind: primary",
        "Repeat": "2",
    }
