"""Languages: which one a reader wants, and how to say something in it."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from babel.core import negotiate_locale
from babel.dates import format_datetime
from babel.messages.catalog import Catalog
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
        return self.pattern(sentence).format_map(_Facts(facts))

    def many(self, one: str, more: str, count: int, /, **facts: object) -> str:
        """A sentence about ``count`` things, by the language's own rule for plurals."""
        said = self.plural_pattern(one, more, count)
        return said.format_map(_Facts({"count": count, **facts}))

    def pattern(self, sentence: str) -> str:
        """A sentence with the places of its facts still open."""
        return self._translations.gettext(sentence)

    def plural_pattern(self, one: str, more: str, count: int) -> str:
        """Likewise about ``count`` things."""
        return self._translations.ngettext(one, more, count)

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
def speaking(language: str, package: str | None = None) -> Say:
    """Whoever says things in ``language``, one of ``LANGUAGES``.

    With a ``package`` that has sentences of its own, those of its ``locale`` folder as well.
    """
    if language == ENGLISH:
        return Say(language, NullTranslations())
    translations = _translations(language, "shared.words")
    if package is not None:
        own = _translations(language, package)
        own.add_fallback(translations)
        translations = own
    return Say(language, translations)


def _translations(language: str, package: str) -> Translations:
    compiled = io.BytesIO()
    write_mo(compiled, _catalogue(language, resources.files(package) / "locale"))
    compiled.seek(0)
    return Translations(compiled)


def _catalogue(language: str, folder: Traversable) -> Catalog:
    """``<language>.po``, or all of the folder of that name: one for each part of a large whole."""
    single = folder / f"{language}.po"
    parts = [single] if single.is_file() else sorted((folder / language).iterdir(), key=str)
    whole = Catalog(locale=language)
    for part in parts:
        with part.open("rb") as file:
            read = read_po(file, locale=language, abort_invalid=True)
        # With them the rule for plurals: that of the files, and not Babel's own.
        whole.mime_headers = read.mime_headers
        for message in read:
            if message.id:
                whole[message.id] = message
    return whole
