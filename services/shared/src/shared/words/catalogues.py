"""Languages: which one a reader wants, and how to say something in it."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from babel.core import negotiate_locale
from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

ENGLISH = "en"
LANGUAGES = (ENGLISH, "fr")

# CLDR's own short form of English (3/4/26, 3:30 PM) reads two ways; this one reads one way.
_MINUTE = {ENGLISH: "y-MM-dd HH:mm", "fr": "d MMMM y 'à' HH:mm"}


def preferred(accept_language: str | None) -> str:
    """The language of an ``Accept-Language`` header (RFC 9110, section 12.5.4); English by default.

    A header that makes no sense asks for nothing in particular.
    """
    wished = []
    for place, part in enumerate((accept_language or "").split(",")):
        name, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        if name and weight > 0:
            wished.append((-weight, place, name.strip()))
    names = [ENGLISH if name == "*" else name for _, _, name in sorted(wished)]
    return negotiate_locale(names, LANGUAGES, sep="-") or ENGLISH


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class Say:
    """Says sentences in one language.

    A sentence is its English text with ``{names}`` for the facts, and is looked up by that text.
    """

    def __init__(self, language: str, translations: NullTranslations) -> None:
        self.language = language
        self._translations = translations

    def say(self, sentence: str, /, **facts: object) -> str:
        """A sentence with its facts."""
        return self._translations.gettext(sentence).format_map(_Facts(facts))

    def many(self, one: str, more: str, count: int, /, **facts: object) -> str:
        """A sentence about ``count`` things, by the language's own rule for plurals."""
        said = self._translations.ngettext(one, more, count)
        return said.format_map(_Facts({"count": count, **facts}))

    def word(self, name: str) -> str:
        """The word of a value (a severity, a reason ...): its name without underscores."""
        return self._translations.gettext(name.replace("_", " "))

    def minute(self, at: datetime) -> str:
        """A point in time to the minute, in UTC and saying so."""
        return self._shown(at, _MINUTE[self.language])

    def second(self, at: datetime) -> str:
        """Likewise to the second."""
        return self._shown(at, f"{_MINUTE[self.language]}:ss")

    def _shown(self, at: datetime, pattern: str) -> str:
        return f"{format_datetime(at.astimezone(UTC), pattern, locale=self.language)} UTC"


class _Facts(dict[str, object]):
    """Facts of a sentence: one that an event of another release lacks leaves a gap, no failure."""

    def __missing__(self, name: str) -> str:
        return "…"

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__({name: "…" if fact is None else fact for name, fact in facts.items()})


@cache
def speaking(language: str) -> Say:
    """Whoever says things in ``language``, one of ``LANGUAGES``."""
    if language == ENGLISH:
        return Say(language, NullTranslations())
    source = resources.files("shared.words") / "locale" / f"{language}.po"
    with source.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Say(language, Translations(compiled))
