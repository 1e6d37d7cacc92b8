"""Every sentence of the pages is translated, holds the same facts, and none is said outside."""

import re
from pathlib import Path

import pytest
from sentences import PAGES, SAID, catalogue, places, raw_texts, said_in_code, said_in_templates

from shared.words.catalogues import LANGUAGES
from web_ui import reading
from web_ui.reading import Reading

FOREIGN = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", FOREIGN)
def test_every_sentence_is_translated_and_no_other(language: str) -> None:
    known = {message.id for message in catalogue(language)}
    said = said_in_code() | said_in_templates()
    assert sorted(map(str, said - known)) == []
    assert sorted(map(str, known - said - SAID)) == []


@pytest.mark.parametrize("language", FOREIGN)
def test_no_sentence_is_translated_twice(language: str) -> None:
    seen = [message.id for message in catalogue(language)]
    assert sorted({str(each) for each in seen if seen.count(each) > 1}) == []


@pytest.mark.parametrize("language", FOREIGN)
def test_a_translation_holds_the_same_facts(language: str) -> None:
    for message in catalogue(language):
        english = message.id[1] if isinstance(message.id, tuple) else str(message.id)
        said = message.string if isinstance(message.string, tuple) else (str(message.string),)
        for one in said:
            assert one.strip(), english
            assert places(one) == places(english), english


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name + "/" + path.name)
def test_a_template_says_nothing_but_sentences(path: Path) -> None:
    """What is not said through a catalogue stays English on a French page."""
    assert raw_texts(path) == []


def test_facts_are_escaped_and_sentences_are_not_formats_of_facts() -> None:
    said = reading.say("{name} has this incident.", name="<b>{0.__class__}</b>")
    assert str(said) == "&lt;b&gt;{0.__class__}&lt;/b&gt; has this incident."


def test_a_french_reader_reads_french_numbers_and_plurals() -> None:
    with reading.reading(Reading("fr", "Europe/Paris")):
        assert re.fullmatch(r"1.234,5", reading.number(1234.5))
        assert str(reading.many("{count} alert", "{count} alerts", 0)) == "0 alerte"
        assert str(reading.many("{count} alert", "{count} alerts", 2)) == "2 alertes"
