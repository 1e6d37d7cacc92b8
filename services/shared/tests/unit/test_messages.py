"""What messages to people say, in each language."""

from typing import Any

import pytest

from shared.contracts.oncall import MessageKind
from shared.words import outcomes
from shared.words.catalogues import LANGUAGES, speaking
from shared.words.messages import NAMED, WORDINGS, bundle, news_bundle, worded

PAGE = {
    "severity": "critical",
    "incident_number": 42,
    "incident_title": "Checkout is down",
    "service": "checkout",
    "team": "Payments",
    "reason": "primary_on_call",
}


def test_every_kind_has_a_wording_but_those_made_of_other_words() -> None:
    assert set(WORDINGS) == set(MessageKind) - {MessageKind.BUNDLE, MessageKind.LEGACY}


def test_a_page_in_two_languages() -> None:
    english = worded(speaking("en"), "page", "Ada", PAGE)
    assert english.title == "[CRITICAL] INC-42 Checkout is down"
    assert english.text.splitlines() == [
        "Ada, you are paged for INC-42: Checkout is down",
        "Service: checkout",
        "Severity: critical",
        "Team: Payments",
        "Why you: primary on call",
        "Acknowledge it to stop the escalation.",
    ]
    french = worded(speaking("fr"), "page", "Ada", PAGE)
    assert french.title == "[CRITIQUE] INC-42 Checkout is down"
    assert "Pourquoi vous : principal d'astreinte" in french.text


@pytest.mark.parametrize(
    ("kind", "facts", "english", "french"),
    [
        (
            "acknowledged",
            {"by": "Ben", "reason": "acknowledged"},
            "Ada, Ben has acknowledged INC-42: Checkout is down",
            "Ada, Ben a acquitté INC-42 : Checkout is down",
        ),
        (
            "resolved",
            {"by": None, "reason": "resolved"},
            "Ada, INC-42 is over by itself: Checkout is down",
            "Ada, INC-42 est terminé de lui-même : Checkout is down",
        ),
        (
            "resolved",
            {"by": "Ben", "reason": "resolved"},
            "Ada, Ben has resolved INC-42: Checkout is down",
            "Ada, Ben a résolu INC-42 : Checkout is down",
        ),
        (
            "resolved",
            {"by": "Ben", "reason": "merged"},
            "Ada, Ben has merged INC-42 into another incident: Checkout is down",
            "Ada, Ben a fusionné INC-42 dans un autre incident : Checkout is down",
        ),
    ],
)
def test_news_says_who_did_it_and_that_nothing_is_to_be_done(
    kind: str, facts: dict[str, Any], english: str, french: str
) -> None:
    for language, first in (("en", english), ("fr", french)):
        text = worded(speaking(language), kind, "Ada", {**PAGE, **facts}).text
        assert text.splitlines()[0] == first


def test_news_of_many_incidents_is_no_alarm() -> None:
    said = news_bundle(speaking("en"), "Ada", ["Resolved: INC-3 c", "Resolved: INC-4 d"])
    assert said.title == "News of 2 incidents, the first: Resolved: INC-3 c"
    assert said.text.splitlines()[-1] == "- Resolved: INC-4 d"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(WORDINGS))
@pytest.mark.parametrize("facts", [{}, {"count": "many", "severity": None}])
def test_a_message_without_its_facts_is_still_one(
    kind: str, language: str, facts: dict[str, Any]
) -> None:
    said = worded(speaking(language), kind, "Ada", facts)
    assert said.title
    assert "{" not in said.title + said.text


def test_a_message_of_a_newer_release_says_what_it_is_about() -> None:
    said = worded(speaking("en"), "telepathy", "Ada", PAGE)
    assert (said.title, said.text) == ("[CRITICAL] INC-42 Checkout is down", "")


def test_a_bundle_names_the_first_and_counts_the_rest() -> None:
    titles = [f"[LOW] INC-{number} Slow" for number in range(NAMED + 3)]
    said = bundle(speaking("en"), "Ada", titles)
    assert said.title == "13 more incidents, worst: [LOW] INC-0 Slow"
    assert said.text.splitlines()[1] == "- [LOW] INC-0 Slow"
    assert said.text.splitlines()[-1] == "and 3 more"
    assert "more" not in bundle(speaking("en"), "Ada", titles[:2]).text.splitlines()[-1]


@pytest.mark.parametrize(
    ("outcome", "said", "facts", "words"),
    [
        ("pending", "", {}, ""),
        ("sent", "answered 200", {}, "answered 200"),
        ("sent", "ok", {"with_others": 1}, "ok, in one message with 1 other"),
        (
            "failed",
            "answered 410",
            {"with_others": 13},
            "answered 410, in one message with 13 others",
        ),
        ("cancelled", "", {"reason": "severity_rose"}, "not sent: severity rose"),
        (
            "failed",
            "",
            {"reason": "nobody_at_all"},
            "nobody in this installation has a contact method",
        ),
        ("cancelled", "as a release before said it", {}, "as a release before said it"),
    ],
)
def test_what_became_of_a_message(
    outcome: str, said: str, facts: dict[str, Any], words: str
) -> None:
    assert outcomes.of_message(speaking("en"), outcome, said, facts) == words
