"""How values are said to a person: ages, durations, dates, names.

By the reader's language, clock and zone (reading.py).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from babel.dates import format_date, format_datetime, format_skeleton
from babel.lists import format_list
from jinja2 import pass_context
from jinja2.runtime import Context

from web_ui.reading import current, number, say, word

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NOTHING = "\N{EN DASH}"

JUST_NOW_SECONDS = 45
HUES = 6


def iso(instant: datetime) -> str:
    """For machines: ``2026-11-22T17:03:00Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of_day(instant: datetime) -> str:
    """``14:03``, or ``2:03 pm``."""
    reader = current()
    pattern = "h:mm\N{NO-BREAK SPACE}a" if reader.twelve_hours else "HH:mm"
    return str(format_datetime(instant.astimezone(reader.zone), pattern, locale=reader.locale))


def day(instant: datetime | date, now: datetime | None = None) -> str:
    """``22 Nov``; with the year where ``now`` is in another, or not given."""
    reader = current()
    local = instant.astimezone(reader.zone) if isinstance(instant, datetime) else instant
    same_year = now is not None and now.astimezone(reader.zone).year == local.year
    return str(format_skeleton("MMMd" if same_year else "yMMMd", local, locale=reader.locale))


def weekday(instant: datetime | date) -> str:
    """``Mon``."""
    reader = current()
    local = instant.astimezone(reader.zone) if isinstance(instant, datetime) else instant
    return str(format_date(local, "EEE", locale=reader.locale))


def moment(instant: datetime, now: datetime | None = None) -> str:
    """``22 Nov, 17:03``."""
    return f"{day(instant, now)}, {time_of_day(instant)}"


def in_full(instant: datetime) -> str:
    """``Sunday, 22 November 2026, 17:03:21 Europe/Paris``."""
    reader = current()
    local = instant.astimezone(reader.zone)
    date_ = format_date(local, "full", locale=reader.locale)
    pattern = "h:mm:ss\N{NO-BREAK SPACE}a" if reader.twelve_hours else "HH:mm:ss"
    time_ = format_datetime(local, pattern, locale=reader.locale)
    return f"{date_}, {time_} {reader.zone_name}"


def relative(instant: datetime, now: datetime) -> str:
    """Distance from now in one unit: ``just now``, ``5 min ago``, ``in 3 h``.

    app.js says the same with the same sentences (``ages``).
    """
    seconds = (now - instant).total_seconds()
    distance = abs(seconds)
    if distance < JUST_NOW_SECONDS:
        return str(say("just now"))
    if distance < HOUR:
        count, past, future = max(1, round(distance / MINUTE)), "minutes_ago", "in_minutes"
    elif distance < 2 * DAY:
        count, past, future = round(distance / HOUR), "hours_ago", "in_hours"
    else:
        count, past, future = round(distance / DAY), "days_ago", "in_days"
    return ages()[past if seconds > 0 else future].replace("#", str(count))


def ages() -> dict[str, str]:
    """The sentences of ages, with ``#`` for the number."""
    return {
        "now": str(say("just now")),
        "minutes_ago": str(say("{count} min ago", count="#")),
        "hours_ago": str(say("{count} h ago", count="#")),
        "days_ago": str(say("{count} days ago", count="#")),
        "in_minutes": str(say("in {count} min", count="#")),
        "in_hours": str(say("in {count} h", count="#")),
        "in_days": str(say("in {count} days", count="#")),
    }


def duration(seconds: float | timedelta | None) -> str:
    """A length of time in its two largest units; a dash when there is none yet."""
    if seconds is None:
        return NOTHING
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    whole = round(seconds)
    if whole < MINUTE:
        return str(say("{count} s", count=whole))
    if whole < HOUR:
        minutes = say("{count} min", count=whole // MINUTE)
        return _pair(str(minutes), whole % MINUTE, str(say("{count} s", count=whole % MINUTE)))
    if whole < DAY:
        rest = whole % HOUR // MINUTE
        hours = say("{count} h", count=whole // HOUR)
        return _pair(str(hours), rest, str(say("{count} min", count=rest)))
    rest = whole % DAY // HOUR
    days = say("{count} d", count=whole // DAY)
    return _pair(str(days), rest, str(say("{count} h", count=rest)))


def _pair(big: str, rest: int, small: str) -> str:
    return f"{big} {small}" if rest else big


def listed(names: Sequence[str], style: Literal["standard", "or"] = "standard") -> str:
    """``Ada, Jun and Léa``; with ``or`` for the style ``or``."""
    return str(format_list(list(names), style=style, locale=current().locale))


def initials(name: str) -> str:
    """One or two letters for an avatar."""
    parts = [part for part in name.replace("-", " ").split() if part[0].isalnum()]
    letters = parts[0][0] + (parts[-1][0] if len(parts) > 1 else "") if parts else "?"
    return letters.upper()


def hue(name: str) -> int:
    """The same colour for the same name in every process (``hash`` is salted)."""
    return sum(name.encode()) % HUES


@pass_context
def _relative_in_page(context: Context, instant: datetime) -> str:
    return relative(instant, context["shell"].now)


@pass_context
def _moment_in_page(context: Context, instant: datetime) -> str:
    return moment(instant, context["shell"].now)


@pass_context
def _day_in_page(context: Context, instant: datetime | date) -> str:
    return day(instant, context["shell"].now)


FILTERS: dict[str, Any] = {
    "iso": iso,
    "moment": _moment_in_page,
    "day": _day_in_page,
    "weekday": weekday,
    "time_of_day": time_of_day,
    "in_full": in_full,
    "relative": _relative_in_page,
    "duration": duration,
    "number": number,
    "listed": listed,
    "words": word,
    "initials": initials,
    "hue": hue,
}
