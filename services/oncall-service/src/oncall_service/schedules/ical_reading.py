"""Events of an iCalendar that somebody else made, as stretches of time. Pure rules."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import recurring_ical_events  # type: ignore[import-untyped]
from icalendar import Calendar, Component
from icalendar.error import InvalidCalendar

from shared.zones import at_wall

MOST_EVENTS = 1000
# A rule that never comes true takes a fifth of a second to walk through.
MOST_RULES = 50
LONGEST_UID = 500

# Rules that make more events a day than anybody hands over duties; and walking through them costs.
_TOO_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
_TOO_FINE = ("BYHOUR", "BYMINUTE", "BYSECOND")
_EARLIEST_RULE = date(2000, 1, 1)


class UnreadableCalendarError(ValueError):
    """It is no iCalendar, or more of one than is taken."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event at one time. ``identity`` tells it from every other, however often it is read."""

    identity: str
    summary: str
    addresses: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody an event may be about."""

    id: UUID
    names: tuple[str, ...]
    address: str | None


def read(body: bytes) -> Calendar:
    """The calendar in a body.

    Raises:
        UnreadableCalendarError: there is none, or it has rules that are not followed.
    """
    try:
        calendar = Calendar.from_ical(body)
    except (ValueError, KeyError, IndexError) as error:
        raise UnreadableCalendarError(f"is no iCalendar: {error}") from error
    if not isinstance(calendar, Calendar):
        raise UnreadableCalendarError("is no iCalendar: it begins with BEGIN:VCALENDAR")
    events = calendar.walk("VEVENT")
    if len(events) > MOST_EVENTS:
        raise UnreadableCalendarError(f"has more than {MOST_EVENTS} events")
    if sum("RRULE" in event for event in events) > MOST_RULES:
        raise UnreadableCalendarError(f"has more than {MOST_RULES} events that recur by a rule")
    try:
        for event in events:
            _check_rules(event)
    except InvalidCalendar as error:
        raise UnreadableCalendarError(f"has an event that cannot be read: {error}") from error
    return calendar


def source_of(calendar: Calendar, given: str | None) -> str:
    """What tells this calendar from others: a name that was given, or its own."""
    name = given or str(calendar.get("X-WR-CALNAME") or calendar.get("NAME") or "")
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def occurrences(
    calendar: Calendar, where: ZoneInfo, start: datetime, end: datetime
) -> list[Occurrence]:
    """What happens in [start, end); times without a zone are on the wall clock of ``where``.

    Raises:
        UnreadableCalendarError: an event has no time that could be read, or there are too many.
    """
    try:
        found = list(_found(calendar, where, start, end))
    except (InvalidCalendar, ValueError, KeyError, TypeError, OverflowError) as error:
        raise UnreadableCalendarError(f"has an event that cannot be read: {error}") from error
    if len(found) > MOST_EVENTS:
        raise UnreadableCalendarError(f"has more than {MOST_EVENTS} events in a year")
    return found


def whose(occurrence: Occurrence, people: Sequence[Known]) -> UUID | None:
    """The one person an event is about; None if that is nobody, or not clear.

    By the address of an attendee; else by the summary, which is a name or holds just one.
    """
    attending = {one.id for one in people if one.address in occurrence.addresses}
    if len(attending) == 1:
        return attending.pop()
    summary = occurrence.summary.casefold().strip()
    called = {one.id for one in people if summary in one.names}
    if len(called) == 1:
        return called.pop()
    words = f" {' '.join(_words(summary))} "
    within = {
        one.id
        for one in people
        if any(f" {' '.join(_words(name))} " in words for name in one.names if _words(name))
    }
    return within.pop() if len(within) == 1 else None


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text).split()


def _check_rules(event: Component) -> None:
    rules = event.get("RRULE", [])
    if isinstance(rules, list) and len(rules) > 1:
        raise UnreadableCalendarError("has an event with more than one rule")
    for rule in rules if isinstance(rules, list) else [rules]:
        often = {str(one).upper() for one in rule.get("FREQ", [])}
        if often & _TOO_OFTEN or any(part in rule for part in _TOO_FINE):
            raise UnreadableCalendarError("has an event more often than daily")
        begins = getattr(event.get("DTSTART"), "dt", None)
        if isinstance(begins, date) and _day(begins) < _EARLIEST_RULE:
            raise UnreadableCalendarError("has a rule that begins before the year 2000")


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _found(
    calendar: Calendar, where: ZoneInfo, start: datetime, end: datetime
) -> Iterator[Occurrence]:
    recurring = {str(one.get("UID", "")) for one in calendar.walk("VEVENT") if "RRULE" in one}
    recurring |= {str(one.get("UID", "")) for one in calendar.walk("VEVENT") if "RDATE" in one}
    for event in recurring_ical_events.of(calendar).between(start, end):
        uid = str(event.get("UID", ""))
        if not uid or len(uid) > LONGEST_UID:
            raise ValueError(f"every event needs a UID of {LONGEST_UID} characters at most")
        begins, ends = (_instant(event[edge].dt, where) for edge in ("DTSTART", "DTEND"))
        identity = uid
        if uid in recurring:
            which = event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in event else event["DTSTART"].dt
            identity = f"{uid} {_instant(which, where).isoformat()}"
        if begins < ends and str(event.get("STATUS", "")).upper() != "CANCELLED":
            summary = str(event.get("SUMMARY", "")).replace("\x00", "")
            yield Occurrence(identity, summary, _addresses(event), begins, ends)


def _addresses(event: Component) -> tuple[str, ...]:
    attending = event.get("ATTENDEE", [])
    many = attending if isinstance(attending, list) else [attending]
    return tuple(str(one).casefold().removeprefix("mailto:") for one in many)


def _instant(moment: date, where: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        return at_wall(datetime.combine(moment, time()), where)
    return at_wall(moment, where) if moment.tzinfo is None else moment.astimezone(UTC)
