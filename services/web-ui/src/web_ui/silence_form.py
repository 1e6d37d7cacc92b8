"""What the form of a silence is filled in with, and the silence it asks for. Pure.

Its times are those of a clock in the zone that the form names; windows that recur are by that clock
as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.contracts.wire import EARLIEST, LATEST
from shared.errors import FieldError, Invalid
from web_ui.forms import Filled
from web_ui.ingested import Silence
from web_ui.matching import joined, lines
from web_ui.reading import sentence

DAYS: Mapping[str, str] = {
    "MO": "mon",
    "TU": "tue",
    "WE": "wed",
    "TH": "thu",
    "FR": "fri",
    "SA": "sat",
    "SU": "sun",
}
"""Of RFC 5545, and the names of ours."""

ONCE, DAILY, WEEKLY, RULE = "once", "daily", "weekly", "rule"
REPEATS: Mapping[str, str] = {
    ONCE: sentence("Once"),
    DAILY: sentence("Every day"),
    WEEKLY: sentence("Every week on these days"),
    RULE: sentence("By a rule of RFC 5545"),
}
LENGTHS = (1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800)
"""Seconds that a silence, or a window of one, is offered to last."""

YEAR = timedelta(days=365)
"""For which windows recur where nothing else is said."""

_TEXTS = (
    "matchers",
    "comment",
    "integration_id",
    "repeat",
    "starts_at",
    "duration_seconds",
    "ends_at",
    "zone",
    "rrule",
)


@dataclass(frozen=True)
class SilenceFields:
    """A silence as it is typed, field by field as alert-ingestion names what is wrong with them.

    ``duration_seconds`` is empty where ``ends_at`` says the end.
    """

    matchers: str = ""
    comment: str = ""
    integration_id: str = ""
    repeat: str = ONCE
    starts_at: str = ""
    duration_seconds: str = "7200"
    ends_at: str = ""
    zone: str = "UTC"
    rrule: str = ""
    days: Sequence[str] = field(default_factory=tuple)

    @property
    def lengths(self) -> list[int]:
        """What it may last, its own length among it."""
        own = self.duration_seconds
        return sorted({*LENGTHS, *([int(own)] if own.isdecimal() and len(own) < 9 else [])})

    def command(self, now: datetime) -> dict[str, Any]:
        """As alert-ingestion takes it.

        Raises:
            Invalid: a time, a zone or a length is none.
        """
        zone = _zone(self.zone)
        starts = _instant(self.starts_at, zone, "starts_at")
        lasts = _seconds(self.duration_seconds)
        begins = starts or now
        ends = _instant(self.ends_at, zone, "ends_at")
        if ends is None:
            if lasts is None:
                raise Invalid([FieldError("ends_at", sentence("is needed, or how long it lasts"))])
            ends = begins + (timedelta(seconds=lasts) if self.repeat == ONCE else YEAR)
        given: dict[str, Any] = {
            "matchers": lines(self.matchers),
            "starts_at": starts.isoformat() if starts else None,
            "ends_at": ends.isoformat(),
            "comment": self.comment,
            "recurrence": self._recurrence(lasts),
        }
        return given | ({"integration_id": self.integration_id} if self.integration_id else {})

    def _recurrence(self, lasts: int | None) -> dict[str, Any] | None:
        if self.repeat == ONCE:
            return None
        if lasts is None:
            message = sentence("is needed: how long each window lasts")
            raise Invalid([FieldError("duration_seconds", message)])
        return {"rrule": self._rule(), "zone": self.zone, "duration_seconds": lasts}

    def _rule(self) -> str:
        if self.repeat == RULE:
            return self.rrule
        if self.repeat == DAILY:
            return "FREQ=DAILY"
        if not self.days:
            raise Invalid([FieldError("days", sentence("are needed: at least one"))])
        return f"FREQ=WEEKLY;BYDAY={','.join(self.days)}"


def read(form: Filled) -> SilenceFields:
    """What was typed."""
    given = {name: form.one(name) for name in _TEXTS}
    if given["repeat"] not in REPEATS:
        given["repeat"] = ONCE
    chosen = form.many("days")
    return SilenceFields(days=tuple(day for day in DAYS if day in chosen), **given)


def of_silence(stored: Silence, zone_name: str) -> SilenceFields:
    """The one that is stored, by the clock of its own zone; where it has none, of ``zone_name``."""
    recurrence = stored.recurrence
    name = recurrence.zone if recurrence else zone_name
    zone = _zone(name)
    repeat, days = _repeats(recurrence.rrule) if recurrence else (ONCE, ())
    return SilenceFields(
        matchers=joined(stored.matchers),
        comment=stored.comment,
        repeat=repeat,
        starts_at=_typed(stored.starts_at, zone),
        duration_seconds=str(recurrence.duration_seconds) if recurrence else "",
        ends_at=_typed(stored.ends_at, zone),
        zone=name,
        rrule=recurrence.rrule if recurrence and repeat == RULE else "",
        days=days,
    )


def _repeats(rule: str) -> tuple[str, tuple[str, ...]]:
    text = rule.upper().removeprefix("RRULE:")
    if text == "FREQ=DAILY":
        return DAILY, ()
    parts = dict(part.partition("=")[::2] for part in text.split(";"))
    days = parts.get("BYDAY", "").split(",")
    if set(parts) == {"FREQ", "BYDAY"} and parts["FREQ"] == "WEEKLY" and set(days) <= set(DAYS):
        return WEEKLY, tuple(day for day in DAYS if day in days)
    return RULE, ()


def _seconds(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise Invalid([FieldError("duration_seconds", "must be a whole number")])
    return int(text)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid([FieldError("zone", sentence("is no time zone"))]) from None


def _instant(text: str, zone: ZoneInfo, name: str) -> datetime | None:
    if not text:
        return None
    wall = _moment(text)
    if wall is None or not EARLIEST.year <= wall.year < LATEST.year:
        raise Invalid([FieldError(name, sentence("must be a day and a time"))])
    return (wall if wall.tzinfo else wall.replace(tzinfo=zone)).astimezone(UTC)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _typed(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
