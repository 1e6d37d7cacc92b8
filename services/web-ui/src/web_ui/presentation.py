"""How values are said to a person: ages, durations, names. Pure; app.js says ages alike."""

from datetime import UTC, datetime
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NOTHING = "\N{EN DASH}"

JUST_NOW_SECONDS = 45
HUES = 6


def iso(instant: datetime) -> str:
    """For machines: ``2026-11-22T17:03:00Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_utc(instant: datetime) -> str:
    """For people whose time zone is not known: ``22 Nov 2026, 17:03 UTC``."""
    return f"{instant.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def relative(instant: datetime, now: datetime) -> str:
    """Distance from now in one unit: ``just now``, ``5 min ago``, ``in 3 h``."""
    seconds = (now - instant).total_seconds()
    distance = abs(seconds)
    if distance < JUST_NOW_SECONDS:
        return "just now"
    if distance < HOUR:
        words = f"{max(1, round(distance / MINUTE))} min"
    elif distance < 2 * DAY:
        words = f"{round(distance / HOUR)} h"
    else:
        words = f"{round(distance / DAY)} days"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units; a dash when there is none yet."""
    if seconds is None:
        return NOTHING
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return _pair(whole, MINUTE, "min", 1, "s")
    if whole < DAY:
        return _pair(whole, HOUR, "h", MINUTE, "min")
    return _pair(whole, DAY, "d", HOUR, "h")


def _pair(whole: int, big: int, big_name: str, small: int, small_name: str) -> str:
    rest = whole % big // small
    return f"{whole // big} {big_name}" + (f" {rest} {small_name}" if rest else "")


def words(value: str) -> str:
    """An identifier as words: ``in_progress`` is ``In progress``."""
    spaced = value.replace("_", " ")
    return spaced[:1].upper() + spaced[1:]


def initials(name: str) -> str:
    """One or two letters for an avatar."""
    parts = [part for part in name.replace("-", " ").split() if part[0].isalnum()]
    letters = parts[0][0] + (parts[-1][0] if len(parts) > 1 else "") if parts else "?"
    return letters.upper()


def hue(name: str) -> int:
    """The same colour for the same name in every process (``hash`` is salted)."""
    return sum(name.encode()) % HUES


def count(number: int, noun: str) -> str:
    """``1 incident``, ``2 incidents``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@pass_context
def _relative_in_page(context: Context, instant: datetime) -> str:
    return relative(instant, context["shell"].now)


FILTERS: dict[str, Any] = {
    "iso": iso,
    "moment_utc": moment_utc,
    "relative": _relative_in_page,
    "duration": duration,
    "words": words,
    "initials": initials,
    "hue": hue,
    "count": count,
}
