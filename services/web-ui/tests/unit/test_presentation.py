from datetime import timedelta

import pytest
from web_ui_fakes import at

from web_ui import presentation

NOW = at("2026-11-22T17:03:00")


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=0), "just now"),
        (timedelta(seconds=44), "just now"),
        (timedelta(seconds=45), "1 min ago"),
        (timedelta(minutes=5, seconds=10), "5 min ago"),
        (timedelta(minutes=72), "1 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=9), "9 days ago"),
        (timedelta(hours=-3), "in 3 h"),
    ],
)
def test_an_age_is_said_in_one_unit(before: timedelta, words: str) -> None:
    assert presentation.relative(NOW - before, NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "\N{EN DASH}"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (168, "2 min 48 s"),
        (180, "3 min"),
        (5280, "1 h 28 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float | None, words: str) -> None:
    assert presentation.duration(seconds) == words


def test_instants_are_written_in_utc_for_machines_and_for_people() -> None:
    assert presentation.iso(NOW) == "2026-11-22T17:03:00Z"
    assert presentation.moment_utc(NOW) == "22 Nov 2026, 17:03 UTC"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Okafor", "AO"),
        ("vigie", "V"),
        ("Jean-Luc Picard", "JP"),
        ("", "?"),
        ("(on call)", "C"),
    ],
)
def test_an_avatar_shows_initials_of_whatever_name(name: str, letters: str) -> None:
    assert presentation.initials(name) == letters


def test_a_name_keeps_its_colour_and_numbers_agree_with_their_noun() -> None:
    assert presentation.hue("Ada") == presentation.hue("Ada") < presentation.HUES
    assert presentation.words("in_progress") == "In progress"
    assert [presentation.count(n, "alert") for n in (0, 1, 2)] == [
        "0 alerts",
        "1 alert",
        "2 alerts",
    ]
