"""The catalogues are complete, and a sentence holds the same facts in every language."""

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from shared.contracts.alerts import AGE_REACHED
from shared.contracts.incidents import OWN_WORDS, IncidentKind
from shared.contracts.oncall import PageKind
from shared.words import catalogues
from shared.words.catalogues import LANGUAGES, preferred, speaking
from shared.words.timeline import SENTENCES, Happening, sentence

FOREIGN = [language for language in LANGUAGES if language != "en"]
KEYWORDS = {"say": None, "many": (1, 2), "_named": None}


def said_in_code() -> set[str | tuple[str, ...]]:
    folder = Path(catalogues.__file__).parent
    found = extract_from_dir(folder, keywords=KEYWORDS, method_map=[("**.py", "python")])
    return {message for _, _, message, _, _ in found}


def catalogue(language: str) -> Catalog:
    path = Path(catalogues.__file__).parent / "locale" / f"{language}.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def pairs(language: str) -> Iterator[tuple[str, str]]:
    for message in catalogue(language):
        if not message.id:
            continue
        if isinstance(message.id, tuple):
            for said in message.string:
                yield message.id[1], said
        else:
            yield str(message.id), str(message.string)


@pytest.mark.parametrize("language", FOREIGN)
def test_every_sentence_is_translated_and_no_other(language: str) -> None:
    known = {message.id for message in catalogue(language) if message.id}
    assert known == said_in_code()


@pytest.mark.parametrize("language", FOREIGN)
def test_a_translation_is_finished_and_holds_the_same_facts(language: str) -> None:
    assert not [message.id for message in catalogue(language) if message.id and message.fuzzy]
    for english, said in pairs(language):
        assert said.strip(), english
        assert places(said) == places(english), english


def test_every_kind_has_a_sentence_but_those_that_are_somebodys_own_words() -> None:
    kinds = {*IncidentKind, *PageKind} - OWN_WORDS
    assert set(SENTENCES) == kinds


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(SENTENCES))
def test_a_sentence_without_its_facts_is_still_a_sentence(kind: str, language: str) -> None:
    """An event of another release may lack any fact."""
    for data in ({}, {"step": 0, "target": "primary", "count": "many", "since_at": "then"}):
        for reason in ("", "imported", AGE_REACHED, "worse_alert_joined"):
            said = sentence(speaking(language), Happening(kind, None, reason, data))
            assert said.endswith((".", ": …"))
            assert "{" not in said


def test_a_kind_of_a_newer_release_is_named() -> None:
    unknown = Happening("incident.teleported", None, "", {})
    assert sentence(speaking("en"), unknown) == "incident.teleported."


def test_sentences_in_two_languages() -> None:
    merged = Happening("incident.merged", "Ada", "merged", {"number": 3, "alerts": 2})
    assert sentence(speaking("en"), merged) == "Ada merged it into INC-3, with 2 alerts."
    assert sentence(speaking("fr"), merged) == "Ada l'a fusionné dans INC-3, avec 2 alertes."
    one = Happening("incident.merged", "Ada", "merged", {"number": 3, "alerts": 1})
    assert sentence(speaking("en"), one) == "Ada merged it into INC-3, with 1 alert."


def test_braces_in_what_a_sender_wrote_are_only_braces() -> None:
    opened = Happening("incident.opened", None, "", {"title": "{0.__class__} {title} %s"})
    said = sentence(speaking("en"), opened)
    assert said == "Opened by an alert: {0.__class__} {title} %s"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.8,en;q=0.5", "fr"),
        ("en-GB, fr;q=0.9", "en"),
        ("de, en;q=0.1, fr;q=0.2", "fr"),
        ("fr;q=0, en", "en"),
        ("*", "en"),
        ("de", "en"),
        ("fr;q=high", "en"),
        (",;=,\x00", "en"),
    ],
)
def test_the_language_is_the_one_a_reader_asks_for(header: str | None, language: str) -> None:
    assert preferred(header) == language
