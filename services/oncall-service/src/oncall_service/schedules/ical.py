"""Stints as an iCalendar (RFC 5545, with the refresh hints of RFC 7986)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from icalendar import Calendar, Event
from icalendar.prop import vDuration

from oncall_service.schedules.duties import Stint
from shared.contracts.rota import Origin

REFRESH = timedelta(hours=1)
MEDIA_TYPE = "text/calendar"

# Nothing of an event is newer than what it says; a stamp that moved would make every answer new.
_STAMP = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Roster:
    """The stints of one schedule, and what it and its team are called."""

    schedule: UUID
    team: str
    stints: Sequence[Stint]


def calendar(
    name: str, rosters: Sequence[Roster], people: Mapping[UUID, str], *, with_names: bool
) -> bytes:
    """A calendar with an event a stint; a gap is one in which nobody is busy.

    ``with_names``: the summary says who it is.
    """
    made = Calendar()
    made.add("prodid", "-//Vigie//On call//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("name", name)
    made.add("x-wr-calname", name)
    made.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", vDuration(REFRESH))
    for roster in rosters:
        for stint in roster.stints:
            made.add_component(_event(roster, stint, people, with_names=with_names))
    text: bytes = made.to_ical()
    return text


def _event(roster: Roster, stint: Stint, people: Mapping[UUID, str], *, with_names: bool) -> Event:
    event = Event()
    event.add("uid", f"{_identity(roster, stint)}@vigie")
    event.add("dtstamp", _STAMP)
    event.add("dtstart", stint.start)
    event.add("dtend", stint.end)
    if stint.person is None:
        meant = "nobody is on call, as intended" if stint.intended else "nobody is on call"
        event.add("summary", f"Gap: {roster.team} ({meant})")
        event.add("transp", "TRANSPARENT")
        return event
    who = people[stint.person]
    event.add(
        "summary", f"On call: {roster.team} ({stint.duty})" + (f": {who}" if with_names else "")
    )
    by = stint.source if stint.origin is Origin.LAYER else f"by {stint.origin}"
    event.add("description", f"{who}, {by}")
    event.add("transp", "OPAQUE")
    return event


def _identity(roster: Roster, stint: Stint) -> UUID:
    """The same for as long as the same person begins the same duty at the same time."""
    return uuid5(roster.schedule, f"{stint.duty} {stint.person} {stint.start.isoformat()}")
