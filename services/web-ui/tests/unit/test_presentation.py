from datetime import timedelta

import pytest
from web_ui_fakes import at

from web_ui import presentation
from web_ui.reading import Reading, many, reading, word

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


def test_instants_are_written_in_utc_for_machines() -> None:
    assert presentation.iso(NOW) == "2026-11-22T17:03:00Z"


@pytest.mark.parametrize(
    ("reader", "short", "full"),
    [
        (Reading(), "22 Nov, 17:03", "Sunday, 22 November 2026, 17:03:00 UTC"),
        (
            Reading("en", "America/New_York", twelve_hours=True),
            "22 Nov, 12:03\xa0pm",
            "Sunday, 22 November 2026, 12:03:00\xa0pm America/New_York",
        ),
        (
            Reading("fr", "Europe/Paris"),
            "22 nov., 18:03",
            "dimanche 22 novembre 2026, 18:03:00 Europe/Paris",
        ),
        (Reading("en", "Mars/Olympus"), "22 Nov, 17:03", None),
    ],
)
def test_instants_are_said_on_the_clock_and_in_the_zone_of_the_reader(
    reader: Reading, short: str, full: str | None
) -> None:
    with reading(reader):
        assert presentation.moment(NOW, NOW) == short
        if full is not None:
            assert presentation.in_full(NOW) == full


def test_another_year_is_said() -> None:
    assert presentation.moment(NOW, NOW + timedelta(days=60)) == "22 Nov 2026, 17:03"


def test_ages_and_lengths_are_said_in_french() -> None:
    with reading(Reading("fr")):
        assert presentation.relative(NOW - timedelta(minutes=5), NOW) == "il y a 5 min"
        assert presentation.relative(NOW + timedelta(days=3), NOW) == "dans 3 jours"
        assert presentation.duration(90000) == "1 j 1 h"
        assert presentation.listed(["Ada", "Jun", "Léa"]) == "Ada, Jun et Léa"


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
    assert word("in_progress") == "In progress"
    assert [str(many("{count} alert", "{count} alerts", n)) for n in (0, 1, 2)] == [
        "0 alerts",
        "1 alert",
        "2 alerts",
    ]
