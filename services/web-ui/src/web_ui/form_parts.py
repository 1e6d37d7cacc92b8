"""Parts of a form that come several times: ``layers.0.start``, ``steps.2.targets.1.kind``. Pure.

Their fields are named as the API names what is wrong with them. Buttons that add, remove or move a
part send the whole form with what is to be done as ``do``: ``add:layers``, ``remove:layers.1``,
``up:layers.1``, ``down:layers.1``. It works without JavaScript, and what was typed stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import time
from typing import TypeVar

from shared.errors import FieldError, Invalid
from web_ui.forms import Filled
from web_ui.people import Hours
from web_ui.preferences import WEEKDAYS
from web_ui.reading import sentence

MOST_PARTS = 40
"""More are not read: a form that was made up must not cost more than one of ours."""

Part = TypeVar("Part")


@dataclass(frozen=True)
class Window:
    """Weekly hours as they are typed."""

    days: Sequence[str] = WEEKDAYS
    start: str = "09:00"
    end: str = "17:00"

    def command(self) -> dict[str, object]:
        """As oncall-service takes them."""
        return {"days": list(self.days), "start": self.start, "end": self.end}


@dataclass(frozen=True)
class Deed:
    """What a button asks for: ``verb`` of the part at ``place`` of the list called ``path``."""

    verb: str
    path: str
    place: int = -1


def deed(form: Filled) -> Deed | None:
    """The button that was pressed; None: the one that saves, or one that is none of ours."""
    verb, _, rest = form.one("do").partition(":")
    if verb == "add":
        return Deed(verb, rest)
    path, _, place = rest.rpartition(".")
    if verb in {"remove", "up", "down"} and place.isdecimal() and len(place) < 4:
        return Deed(verb, path, int(place))
    return None


def parts(form: Filled, path: str, mark: str, read: Callable[[str], Part]) -> tuple[Part, ...]:
    """The parts of the list called ``path``; each has a field called ``mark``."""
    found: list[Part] = []
    while form.has(f"{path}.{len(found)}.{mark}") and len(found) < MOST_PARTS:
        found.append(read(f"{path}.{len(found)}"))
    return tuple(found)


def done(items: Sequence[Part], path: str, asked: Deed | None, fresh: Part) -> tuple[Part, ...]:
    """The list after a button; as it was, where that is about another list or part."""
    after = list(items)
    if asked is None or asked.path != path:
        return tuple(after)
    if asked.verb == "add":
        return (*after, fresh)
    if asked.place >= len(after):
        return tuple(after)
    part = after.pop(asked.place)
    if asked.verb == "up":
        after.insert(max(0, asked.place - 1), part)
    elif asked.verb == "down":
        after.insert(asked.place + 1, part)
    return tuple(after)


def whole(text: str, field: str) -> int:
    """A number of a field.

    Raises:
        Invalid: it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise Invalid([FieldError(field, sentence("must be a whole number"))]) from None


def windows(form: Filled, path: str, asked: Deed | None = None) -> tuple[Window, ...]:
    """Weekly hours of the list called ``path``."""

    def read(at: str) -> Window:
        days = tuple(form.many(f"{at}.days")) or WEEKDAYS
        return Window(days, form.one(f"{at}.start"), form.one(f"{at}.end"))

    return done(parts(form, path, "start", read), path, asked, Window())


def windows_of(stored: Sequence[Hours]) -> tuple[Window, ...]:
    """Those that are stored."""
    return tuple(Window(tuple(each.days), _clock(each.start), _clock(each.end)) for each in stored)


def _clock(moment: time) -> str:
    return f"{moment:%H:%M}"
