"""How the person who asks reads: in which language, on which clock, in whose time zone.

Set once a request, before its handler; whatever is said to them is said through here. English
sentences stand where they are used, with ``{names}`` for their facts; ``locale/<language>.po``
translates them, and a test finds every one that it lacks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import format_decimal
from markupsafe import Markup, escape

from shared.contracts.identity import Principal
from shared.words.catalogues import ENGLISH, LANGUAGES, Say, preferred, speaking

UTC = "UTC"
NAMES = {ENGLISH: "English", "fr": "Français"}
"""The languages by their own names, which nobody translates."""

# Dates and numbers: of English there are two orders, and this is the one without a riddle.
_LOCALES = {ENGLISH: "en_GB", "fr": "fr_FR"}


@dataclass(frozen=True)
class Reading:
    """A language of ``LANGUAGES``, the name of an IANA zone, and whether 14:03 is 2:03 pm."""

    language: str = ENGLISH
    zone_name: str = UTC
    twelve_hours: bool = False

    @property
    def zone(self) -> tzinfo:
        """The zone that instants are shown in."""
        try:
            return ZoneInfo(self.zone_name)
        except (ZoneInfoNotFoundError, ValueError):  # of a newer tzdata than ours
            return ZoneInfo(UTC)

    @property
    def locale(self) -> str:
        """The locale of dates and numbers."""
        return _LOCALES[self.language]


_NOBODYS = Reading()
_CURRENT: ContextVar[Reading] = ContextVar("reading", default=_NOBODYS)


def current() -> Reading:
    """Of the request that is being answered."""
    return _CURRENT.get()


def use(reading: Reading) -> None:
    """From here on in this request."""
    _CURRENT.set(reading)


@contextmanager
def reading(one: Reading) -> Iterator[None]:
    """For a while."""
    before = _CURRENT.set(one)
    try:
        yield
    finally:
        _CURRENT.reset(before)


def of(principal: Principal | None, chosen: str, accept_language: str | None) -> Reading:
    """How somebody reads: as they settled it, else as this browser was told or asks for."""
    settled = principal.reading if principal is not None else None
    wanted = [settled.language if settled else None, chosen, preferred(accept_language)]
    language = next(name for name in (*wanted, ENGLISH) if name in LANGUAGES)
    if settled is None:
        return Reading(language)
    return Reading(language, settled.time_zone, settled.clock == "12")


def typed(text: str) -> datetime:
    """What the reader typed into a form as a day and a time: without a zone it is of theirs.

    Raises:
        ValueError: it is none.
    """
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=current().zone)


def speaker() -> Say:
    """Whoever speaks the reader's language."""
    return speaking(current().language, __package__)


def say(text: str, /, **facts: object) -> Markup:
    """A sentence with its facts, safe to put into a page: facts are escaped unless they are."""
    pattern = _pattern(current().language, text)
    return pattern.format(**facts) if facts else pattern


@lru_cache(maxsize=4096)
def _pattern(language: str, text: str) -> Markup:
    """The translation, escaped: a list says the same few words in each of its rows."""
    return escape(speaking(language, __package__).pattern(text))


def many(one: str, more: str, count: int, /, **facts: object) -> Markup:
    """A sentence about ``count`` things, by the language's own rule for plurals."""
    pattern = speaker().plural_pattern(one, more, count)
    return Markup(escape(pattern)).format(count=number(count), **facts)  # noqa: S704 - escaped


def sentence(text: str) -> str:
    """Marks a sentence that is kept, to be said when somebody reads it."""
    return text


def word(name: str) -> str:
    """The word of a value (a severity, a reason ...), as it begins a line."""
    return _word(current().language, str(name))


@lru_cache(maxsize=1024)
def _word(language: str, name: str) -> str:
    said = speaking(language, __package__).word(name)
    return said[:1].upper() + said[1:]


def number(value: float) -> str:
    """A number as the reader writes it."""
    return str(format_decimal(value, locale=current().locale))
